// SPDX-License-Identifier: MIT
// Multiplication and addition with one rounding. [intel/vol1]: 14.5
#include "sim/isa/x86/fpu_soft_float.h"

namespace ringfence::sim::isa::x86::soft_float {

namespace {

/// The sum of two nonzero values, |large| >= |small|. Both have bit 127 set; one bit makes room for
/// the carry. A product of two significands has at most 106 bits and a single operand 53, so what
/// the shifts lose of the smaller one can only be far below the last place of the result.
template <typename Bits>
Bits add_exact(Environment& environment, const Exact& large, const Exact& small) {
    const u128 left = shift_right_sticky(large.significand, 1);
    const u128 right = shift_right_sticky(small.significand,
                                          static_cast<u32>(large.exponent - small.exponent) + 1);
    const u128 sum = large.sign == small.sign ? left + right : left - right;
    if (sum == 0) {
        return zero<Bits>(environment.rounding == Rounding::Down);
    }
    return round_and_pack<Bits>(environment, normalize(large.sign, large.exponent + 1, sum));
}

bool magnitude_less(const Exact& a, const Exact& b) {
    return a.exponent != b.exponent ? a.exponent < b.exponent : a.significand < b.significand;
}

Exact exactly(const Unpacked& a) {
    return {.sign = a.sign, .exponent = a.exponent, .significand = u128{a.significand} << 64};
}

bool is_zero_times_infinity(const Unpacked& a, const Unpacked& b) {
    return (a.kind == Kind::Zero && b.kind == Kind::Infinity) ||
           (a.kind == Kind::Infinity && b.kind == Kind::Zero);
}

template <typename Bits>
Bits propagate_first_nan(Environment& environment, const Unpacked& a, const Unpacked& b,
                         const Unpacked& c) {
    if (a.is_nan() || b.is_nan()) {
        if (c.kind == Kind::SignalingNan) {
            environment.raise(exception::invalid);
        }
        return propagate_nan<Bits>(environment, a, b);
    }
    return propagate_nan<Bits>(environment, c, c);
}

}  // namespace

template <typename Bits>
Bits multiply_add(Environment& environment, const Unpacked& a, const Unpacked& b, Unpacked c,
                  Negations negations) {
    if (a.is_nan() || b.is_nan() || c.is_nan()) {
        return propagate_first_nan<Bits>(environment, a, b, c);
    }
    const bool sign = (a.sign != b.sign) != negations.product;
    c.sign = c.sign != negations.addend;
    const bool infinite = a.kind == Kind::Infinity || b.kind == Kind::Infinity;
    if (is_zero_times_infinity(a, b) || (infinite && c.kind == Kind::Infinity && c.sign != sign)) {
        return invalid_operation<Bits>(environment);
    }
    if (a.denormal || b.denormal || c.denormal) {
        environment.raise(exception::denormal);
    }
    if (infinite || c.kind == Kind::Infinity) {
        return infinity<Bits>(infinite ? sign : c.sign);
    }
    if (a.kind == Kind::Zero || b.kind == Kind::Zero) {
        if (c.kind == Kind::Zero) {
            return zero<Bits>(sign == c.sign ? sign : environment.rounding == Rounding::Down);
        }
        return round_and_pack<Bits>(environment, exactly(c));
    }
    const Exact product =
        normalize(sign, a.exponent + b.exponent + 1, u128{a.significand} * b.significand);
    if (c.kind == Kind::Zero) {
        return round_and_pack<Bits>(environment, product);
    }
    const Exact addend = exactly(c);
    return magnitude_less(product, addend) ? add_exact<Bits>(environment, addend, product)
                                           : add_exact<Bits>(environment, product, addend);
}

#define RF_INSTANTIATE(Bits)                                                                   \
    template Bits multiply_add<Bits>(Environment&, const Unpacked&, const Unpacked&, Unpacked, \
                                     Negations);
RF_INSTANTIATE(u32)
RF_INSTANTIATE(u64)
#undef RF_INSTANTIATE

}  // namespace ringfence::sim::isa::x86::soft_float
