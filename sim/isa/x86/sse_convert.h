// SPDX-License-Identifier: MIT
// Conversions between single, double and integers. [intel/vol1]: 11.6.1; [intel/vol2]: CVT*
#pragma once

#include "sim/isa/x86/sse_arithmetic.h"

namespace ringfence::sim::isa::x86::sse {

/// A float lane as a signed integer of the width of `Integer` (i32 or i64).
template <typename Integer, typename Bits>
Integer to_integer(FloatState& state, Bits a, Rounding rounding) {
    // Truncation of a value below 2^30 cannot fail, and inexact is already recorded.
    constexpr Bits limit = soft_float::Format<Bits>::bias + 30;
    if (rounding == Rounding::TowardZero && is_plain(a) && exponent_of(a) < limit &&
        state.inexact_recorded) {
        return static_cast<Integer>(to_host(a));
    }
    return static_cast<Integer>(
        soft_float::to_integer(state, unpack(state, a), sizeof(Integer) * 8, rounding));
}

/// An integer as a float lane.
template <typename Bits>
Bits from_integer(FloatState& state, i64 value) {
    if (state.host_rounding) {
        return from_host<Bits>(static_cast<HostFloat<Bits>>(value));
    }
    return soft_float::from_integer<Bits>(state, value);
}

/// CVTSS2SD, CVTSD2SS of a lane.
template <typename To, typename From>
To convert_lane(FloatState& state, From a) {
    if (state.host_rounding && is_plain(a)) {
        const To result = from_host<To>(static_cast<HostFloat<To>>(to_host(a)));
        if (is_well_inside(result)) {
            return result;
        }
    }
    return soft_float::convert<To>(state, unpack(state, a));
}

template <typename To, typename From>
Xmm cvt_scalar(FloatState& state, Xmm a, Xmm b) {
    return with_lane0(a, convert_lane<To>(state, lane0<From>(b)));
}
inline Xmm cvtps2pd(FloatState& state, Xmm, Xmm b) {
    const auto x = lanes<u32>(b);
    return {.low = convert_lane<u64>(state, u32{x[0]}),
            .high = convert_lane<u64>(state, u32{x[1]})};
}
inline Xmm cvtpd2ps(FloatState& state, Xmm, Xmm b) {
    const u64 low = convert_lane<u32>(state, b.low);
    const u64 high = convert_lane<u32>(state, b.high);
    return {.low = low | high << 32, .high = 0};
}

/// MXCSR's rounding, or truncation for the CVTT forms.
enum class Mode : u8 { Current, Truncate };
inline Rounding rounding_of(const FloatState& state, Mode mode) {
    return mode == Mode::Truncate ? Rounding::TowardZero : state.rounding;
}

inline Xmm cvtdq2ps(FloatState& state, Xmm, Xmm b) {
    return map<u32>(b, b,
                    [&](u32 x, u32) { return from_integer<u32>(state, static_cast<i32>(x)); });
}
template <Mode mode>
Xmm cvtps2dq(FloatState& state, Xmm, Xmm b) {
    return map<u32>(b, b, [&](u32 x, u32) {
        return static_cast<u32>(to_integer<i32>(state, x, rounding_of(state, mode)));
    });
}
inline Xmm cvtdq2pd(FloatState& state, Xmm, Xmm b) {
    const auto x = lanes<i32>(b);
    return {.low = from_integer<u64>(state, x[0]), .high = from_integer<u64>(state, x[1])};
}

/// Two double lanes as two 32-bit integers in the low half of the result.
template <Mode mode>
u64 two_integers(FloatState& state, u64 first, u64 second) {
    const Rounding rounding = rounding_of(state, mode);
    const u32 low = static_cast<u32>(to_integer<i32>(state, first, rounding));
    const u32 high = static_cast<u32>(to_integer<i32>(state, second, rounding));
    return low | u64{high} << 32;
}
template <Mode mode>
Xmm cvtpd2dq(FloatState& state, Xmm, Xmm b) {
    return {.low = two_integers<mode>(state, b.low, b.high), .high = 0};
}

// Between MMX and XMM registers.
template <Mode mode>
Mmx cvtpd2pi(FloatState& state, Mmx, Xmm b) {
    return {two_integers<mode>(state, b.low, b.high)};
}
template <Mode mode>
Mmx cvtps2pi(FloatState& state, Mmx, Xmm b) {
    return {cvtps2dq<mode>(state, {}, {.low = b.low, .high = 0}).low};
}
inline Xmm cvtpi2ps(FloatState& state, Xmm a, Mmx b) {
    a.low = cvtdq2ps(state, {}, {.low = b.bits, .high = 0}).low;
    return a;
}
inline Xmm cvtpi2pd(FloatState& state, Xmm, Mmx b) {
    return cvtdq2pd(state, {}, {.low = b.bits, .high = 0});
}

}  // namespace ringfence::sim::isa::x86::sse
