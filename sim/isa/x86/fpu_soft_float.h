// SPDX-License-Identifier: MIT
// IEEE 754 arithmetic as x86 defines it, in integers: results, exception flags and NaN rules are
// exact on every host, for half, single, double and double extended precision.
//
// Method: each operation unpacks its operands to a sign, an unbounded exponent and a 64-bit
// significand, computes a result that is exact up to a sticky bit, and rounds it once to the
// destination's precision and range. Nothing depends on the host's floating point unit, so the
// x87's 80-bit format needs no `long double`, an unmasked exception is known before anything is
// written, and an AArch64 host gives the same bits as an x86-64 one.
#pragma once

#include "base/bits.h"
#include "base/types.h"
#include "sim/cpu/fpu_state.h"

namespace ringfence::sim::isa::x86::soft_float {

__extension__ using u128 = unsigned __int128;
using cpu::Float80;

/// In the encoding of MXCSR.RC and FCW.RC. [intel/vol1]: 4.8.4
enum class Rounding : u8 { NearestEven, Down, Up, TowardZero };

/// Exception flags, at their places in MXCSR, FSW and (as masks) FCW. [intel/vol1]: 4.9.1
namespace exception {
inline constexpr u8 invalid = 1;
inline constexpr u8 denormal = 2;
inline constexpr u8 divide_by_zero = 4;
inline constexpr u8 overflow = 8;
inline constexpr u8 underflow = 16;
inline constexpr u8 inexact = 32;
inline constexpr u8 all = 63;
/// Found before the result is computed; an unmasked one hides the others.
inline constexpr u8 before_result = invalid | denormal | divide_by_zero;
}  // namespace exception

/// What an operation needs to know of the control registers, and what it reports back.
struct Environment {
    Rounding rounding = Rounding::NearestEven;
    u8 masked = exception::all;
    bool denormals_are_zero = false;
    bool flush_to_zero = false;
    /// Significand bits of results in double extended precision: 24, 53 or 64.
    u8 precision = 64;

    /// Exceptions raised so far, masked or not.
    u8 raised = 0;
    /// Whether the last rounding increased the magnitude (x87: C1).
    bool rounded_up = false;

    void raise(u8 exceptions) { raised = static_cast<u8>(raised | exceptions); }
    [[nodiscard]] bool is_masked(u8 one_exception) const { return (masked & one_exception) != 0; }
};

/// The layout of a format whose values are `Bits`.
template <typename Bits>
struct Format;
template <>
struct Format<u16> {
    static constexpr unsigned precision = 11;
    static constexpr i32 bias = 15;
};
template <>
struct Format<u32> {
    static constexpr unsigned precision = 24;
    static constexpr i32 bias = 127;
};
template <>
struct Format<u64> {
    static constexpr unsigned precision = 53;
    static constexpr i32 bias = 1023;
};
template <>
struct Format<Float80> {
    static constexpr unsigned precision = 64;
    static constexpr i32 bias = 16383;
};

enum class Kind : u8 {
    Zero,
    Finite,
    Infinity,
    QuietNan,
    SignalingNan,
    /// An 80-bit pattern that no operation produces: an invalid operand. [intel/vol1]: 8.2.2
    Unsupported,
};

/// A value apart from its format.
struct Unpacked {
    Kind kind = Kind::Zero;
    bool sign = false;
    /// Held as a denormal (or pseudo-denormal) in its format.
    bool denormal = false;
    /// Finite: value is significand / 2^63 * 2^exponent, bit 63 set.
    i32 exponent = 0;
    /// NaN: the fraction left-justified below bit 63, so that payloads convert by truncation.
    u64 significand = 0;

    [[nodiscard]] bool is_nan() const {
        return kind == Kind::QuietNan || kind == Kind::SignalingNan;
    }
    [[nodiscard]] bool is_unsupported() const { return kind == Kind::Unsupported; }
};

/// A nonzero value before rounding: significand / 2^127 * 2^exponent with bit 127 set; bits that
/// did not fit are or'ed into bit 0.
struct Exact {
    bool sign;
    i32 exponent;
    u128 significand;
};

Unpacked unpack(const Environment& environment, u16 bits);
Unpacked unpack(const Environment& environment, u32 bits);
Unpacked unpack(const Environment& environment, u64 bits);
Unpacked unpack(const Environment& environment, const Float80& bits);

/// Rounds to the format's precision (double extended: to the environment's) and packs. Raises
/// overflow, underflow and inexact. With an unmasked overflow or underflow the double extended
/// result is the one with the wrapped exponent. [intel/vol1]: 4.9.1.4, 4.9.1.5
template <typename Bits>
Bits round_and_pack(Environment& environment, const Exact& value);

/// The special values of a format.
template <typename Bits>
Bits zero(bool sign);
template <typename Bits>
Bits infinity(bool sign);
/// The QNaN floating-point indefinite.
template <typename Bits>
Bits indefinite();
/// The NaN `value`, made quiet.
template <typename Bits>
Bits quiet_nan(const Unpacked& value);

/// The result when at least one operand is a NaN or unsupported; raises invalid for a signaling
/// NaN. SSE takes the first operand if it is a NaN; the x87 the larger significand.
/// [intel/vol1]: 4.8.3.5
template <typename Bits>
Bits propagate_nan(Environment& environment, const Unpacked& a, const Unpacked& b);

/// Raises invalid and gives the indefinite.
template <typename Bits>
Bits invalid_operation(Environment& environment) {
    environment.raise(exception::invalid);
    return indefinite<Bits>();
}

template <typename Bits>
Bits add(Environment& environment, const Unpacked& a, const Unpacked& b);
template <typename Bits>
Bits subtract(Environment& environment, const Unpacked& a, Unpacked b);
template <typename Bits>
Bits multiply(Environment& environment, const Unpacked& a, const Unpacked& b);
template <typename Bits>
Bits divide(Environment& environment, const Unpacked& a, const Unpacked& b);
template <typename Bits>
Bits square_root(Environment& environment, const Unpacked& a);

/// What a fused operation negates; a NaN keeps its sign.
struct Negations {
    bool product = false;
    bool addend = false;
};
/// a * b + c, rounded once. The first operand that is a NaN is the result. [intel/vol1]: 14.5.2
template <typename Bits>
Bits multiply_add(Environment& environment, const Unpacked& a, const Unpacked& b, Unpacked c,
                  Negations negations);

enum class Ordering : u8 { Less, Equal, Greater, Unordered };
/// Whether a quiet NaN operand of a comparison is invalid.
enum class QuietNans : u8 { Allowed, Invalid };
Ordering compare(Environment& environment, const Unpacked& a, const Unpacked& b, QuietNans quiet);

/// To another (or the same) format; a signaling NaN becomes quiet and raises invalid.
template <typename Bits>
Bits convert(Environment& environment, const Unpacked& a);
/// Double extended without rounding to the environment's precision, as FLD of a memory operand.
Float80 extend(Environment& environment, const Unpacked& a);

/// To a signed integer of `width` bits (16, 32 or 64), sign-extended; out of range raises invalid
/// and gives the integer indefinite, the most negative value.
i64 to_integer(Environment& environment, const Unpacked& a, unsigned width, Rounding rounding);
template <typename Bits>
Bits from_integer(Environment& environment, i64 value);

/// Whether rounding to an integral value reports that it changed the value.
enum class InexactReport : u8 { Raise, Suppress };
template <typename Bits>
Bits round_to_integral(Environment& environment, const Unpacked& a, Rounding rounding,
                       InexactReport report);

/// Shifts right and keeps what falls out as a sticky bit 0.
constexpr u128 shift_right_sticky(u128 value, u32 count) {
    if (count == 0) {
        return value;
    }
    if (count >= 128) {
        return value != 0 ? 1 : 0;
    }
    const u128 lost = value << (128 - count);
    return value >> count | (lost != 0 ? 1 : 0);
}

/// `value` != 0 moved up until bit 127 is set, with the exponent that keeps its worth.
Exact normalize(bool sign, i32 exponent, u128 value);

}  // namespace ringfence::sim::isa::x86::soft_float
