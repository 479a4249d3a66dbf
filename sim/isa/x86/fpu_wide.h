// SPDX-License-Identifier: MIT
// Arithmetic on numbers with 128 significant bits, truncated: precise enough that a transcendental
// function computed in it and rounded once to 64 bits is the correctly rounded one except when the
// true value lies within about 2^-50 of a unit of a rounding boundary.
#pragma once

#include "sim/isa/x86/fpu_soft_float.h"

namespace ringfence::sim::isa::x86::soft_float {

/// An Exact whose significand may also be zero, which is the number zero.
using Wide = Exact;

inline constexpr Wide wide_zero{.sign = false, .exponent = 0, .significand = 0};

Wide wide_from_integer(i64 value);
/// `a` is finite or zero.
Wide wide_from(const Unpacked& a);

Wide negate(Wide a);
Wide add(const Wide& a, const Wide& b);
Wide subtract(const Wide& a, const Wide& b);
Wide multiply(const Wide& a, const Wide& b);
/// `b` is not zero.
Wide divide(const Wide& a, const Wide& b);
Wide divide(const Wide& a, u32 divisor);
/// `a` is not negative.
Wide square_root(const Wide& a);
/// a * 2^exponent
Wide scale(Wide a, i32 exponent);
/// Whether |a| < |b|.
bool magnitude_less(const Wide& a, const Wide& b);

namespace constants {
inline constexpr Wide one{false, 0, u128{1} << 127};
inline constexpr Wide pi{false, 1, u128{0xc90f'daa2'2168'c234} << 64 | 0xc4c6'628b'80dc'1cd1};
inline constexpr Wide log2_e{false, 0, u128{0xb8aa'3b29'5c17'f0bb} << 64 | 0xbe87'fed0'691d'3e88};
inline constexpr Wide ln_2{false, -1, u128{0xb172'17f7'd1cf'79ab} << 64 | 0xc9e3'b398'03f2'f6af};
}  // namespace constants

/// Below this exponent of an angle, its sine, tangent and arctangent differ from it by less than
/// 128 bits can show.
inline constexpr i32 negligible_exponent = -66;

/// sin and cos of |a| <= pi / 4.
Wide sine(const Wide& a);
Wide cosine(const Wide& a);
/// atan of 0 <= a <= 1.
Wide arctangent(const Wide& a);
/// 2^a - 1 for |a| <= 1.
Wide exp2_minus_1(const Wide& a);
/// log2 of a positive number, and of 1 + a for |a| < 1/2.
Wide log2(const Wide& a);
Wide log2_of_1_plus(const Wide& a);

}  // namespace ringfence::sim::isa::x86::soft_float
