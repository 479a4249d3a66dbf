// SPDX-License-Identifier: MIT
// Conversions between formats, to and from integers, and rounding to an integral value.
#include <bit>

#include "sim/isa/x86/fpu_soft_float.h"

namespace ringfence::sim::isa::x86::soft_float {

namespace {

/// A finite value's magnitude as an integer and a 64-bit fraction whose lowest bit is sticky.
struct Parts {
    u128 integer;
    u64 fraction;
};

/// `a` is finite and its exponent below 64.
Parts split_at_point(const Unpacked& a) {
    const u128 fixed =
        shift_right_sticky(u128{a.significand} << 64, static_cast<u32>(63 - a.exponent));
    return {.integer = fixed >> 64, .fraction = static_cast<u64>(fixed)};
}

bool rounds_away(Rounding rounding, bool sign, const Parts& parts) {
    constexpr u64 half = u64{1} << 63;
    switch (rounding) {
        case Rounding::NearestEven:
            return parts.fraction > half || (parts.fraction == half && (parts.integer & 1) != 0);
        case Rounding::Down:
            return sign && parts.fraction != 0;
        case Rounding::Up:
            return !sign && parts.fraction != 0;
        case Rounding::TowardZero:
            return false;
    }
    return false;
}

i64 invalid_integer(Environment& environment, unsigned width) {
    environment.raise(exception::invalid);
    return static_cast<i64>(~u64{0} << (width - 1));
}

}  // namespace

template <typename Bits>
Bits convert(Environment& environment, const Unpacked& a) {
    switch (a.kind) {
        case Kind::Zero:
            return zero<Bits>(a.sign);
        case Kind::Infinity:
            return infinity<Bits>(a.sign);
        case Kind::Finite:
            if (a.denormal) {
                environment.raise(exception::denormal);
            }
            return round_and_pack<Bits>(
                environment,
                {.sign = a.sign, .exponent = a.exponent, .significand = u128{a.significand} << 64});
        case Kind::QuietNan:
        case Kind::SignalingNan:
        case Kind::Unsupported:
            return propagate_nan<Bits>(environment, a, a);
    }
    return indefinite<Bits>();
}

Float80 extend(Environment& environment, const Unpacked& a) {
    Environment exact = environment;
    exact.precision = Format<Float80>::precision;
    const Float80 result = convert<Float80>(exact, a);
    environment.raised = exact.raised;
    return result;
}

i64 to_integer(Environment& environment, const Unpacked& a, unsigned width, Rounding rounding) {
    environment.rounded_up = false;
    if (a.kind == Kind::Zero) {
        return 0;
    }
    if (a.kind != Kind::Finite || a.exponent >= 64) {
        return invalid_integer(environment, width);
    }
    Parts parts = split_at_point(a);
    const bool up = rounds_away(rounding, a.sign, parts);
    parts.integer += up ? 1 : 0;
    const u128 limit = (u128{1} << (width - 1)) - (a.sign ? 0 : 1);
    if (parts.integer > limit) {
        return invalid_integer(environment, width);
    }
    if (parts.fraction != 0) {
        environment.raise(exception::inexact);
        environment.rounded_up = up;
    }
    const u64 magnitude = static_cast<u64>(parts.integer);
    return static_cast<i64>(a.sign ? 0 - magnitude : magnitude);
}

template <typename Bits>
Bits from_integer(Environment& environment, i64 value) {
    if (value == 0) {
        return zero<Bits>(false);
    }
    const bool sign = value < 0;
    const u64 magnitude = sign ? 0 - static_cast<u64>(value) : static_cast<u64>(value);
    return round_and_pack<Bits>(environment, normalize(sign, 127, magnitude));
}

template <typename Bits>
Bits round_to_integral(Environment& environment, const Unpacked& a, Rounding rounding,
                       InexactReport report) {
    environment.rounded_up = false;
    const bool integral = a.kind == Kind::Finite && a.exponent >= 63;
    if (a.kind != Kind::Finite || integral) {
        Environment exact = environment;
        exact.precision = Format<Float80>::precision;
        const Bits result = convert<Bits>(exact, a);
        environment.raised = exact.raised;
        return result;
    }
    Parts parts = split_at_point(a);
    const bool up = rounds_away(rounding, a.sign, parts);
    if (parts.fraction != 0 && report == InexactReport::Raise) {
        environment.raise(exception::inexact);
        environment.rounded_up = up;
    }
    parts.integer += up ? 1 : 0;
    if (parts.integer == 0) {
        return zero<Bits>(a.sign);
    }
    // An integer that came from this format fits it, so packing it is exact.
    Environment exact;
    return round_and_pack<Bits>(exact, normalize(a.sign, 127, parts.integer));
}

template u16 convert<u16>(Environment&, const Unpacked&);
#define RF_INSTANTIATE(Bits)                                    \
    template Bits convert<Bits>(Environment&, const Unpacked&); \
    template Bits from_integer<Bits>(Environment&, i64);        \
    template Bits round_to_integral<Bits>(Environment&, const Unpacked&, Rounding, InexactReport);
RF_INSTANTIATE(u32)
RF_INSTANTIATE(u64)
RF_INSTANTIATE(Float80)
#undef RF_INSTANTIATE

}  // namespace ringfence::sim::isa::x86::soft_float
