// SPDX-License-Identifier: MIT
#include "sim/isa/x86/fpu_wide.h"

#include <cstdlib>

namespace ringfence::sim::isa::x86::soft_float {

namespace {

Wide normalized(bool sign, i32 exponent, u128 value) {
    return value == 0 ? wide_zero : normalize(sign, exponent, value);
}

/// The high 128 bits of a product.
u128 multiply_high(u128 a, u128 b) {
    const u128 a_low = static_cast<u64>(a);
    const u128 a_high = a >> 64;
    const u128 b_low = static_cast<u64>(b);
    const u128 b_high = b >> 64;
    const u128 middle = a_high * b_low + (a_low * b_low >> 64);
    const u128 carry = a_low * b_high + static_cast<u64>(middle);
    return a_high * b_high + (middle >> 64) + (carry >> 64);
}

/// n / d in units of 2^-127, where both have bit 127 set.
u128 divide_fractions(u128 n, u128 d) {
    u128 quotient = 0;
    u128 rest = n;
    bool carry = false;
    for (int i = 0; i < 128; ++i) {
        quotient <<= 1;
        if (carry || rest >= d) {
            rest -= d;
            quotient |= 1;
        }
        carry = (rest >> 127) != 0;
        rest <<= 1;
    }
    return quotient;
}

/// The next smaller magnitude: stands for a value that lies less than one unit below `a`.
Wide just_below(const Wide& a) {
    return a.significand == 0 ? a : normalize(a.sign, a.exponent, a.significand - 1);
}

/// Whether adding `term` no longer changes `sum`.
bool negligible(const Wide& term, const Wide& sum) {
    return term.significand == 0 || term.exponent < sum.exponent - 130;
}

/// first + first * x / d1 + first * x^2 / (d1 * d2) + ..., where dn is `denominator(n)`.
template <typename F>
Wide factorial_series(const Wide& first, const Wide& x, F&& denominator) {
    Wide sum = first;
    Wide term = first;
    for (u32 n = 1;; ++n) {
        term = divide(multiply(term, x), denominator(n));
        if (negligible(term, sum)) {
            return sum;
        }
        sum = add(sum, term);
    }
}

/// x + x^3/3 + x^5/5 + ... with the signs alternating or not, for a small x.
Wide odd_series(const Wide& x, bool alternating) {
    const Wide square = multiply(x, x);
    const Wide factor = alternating ? negate(square) : square;
    Wide power = x;
    Wide sum = x;
    for (u32 n = 3;; n += 2) {
        power = multiply(power, factor);
        const Wide term = divide(power, n);
        if (negligible(term, sum)) {
            return sum;
        }
        sum = add(sum, term);
    }
}

/// ln((1 + s) / (1 - s)) in units of ln 2.
Wide log2_from_ratio(const Wide& s) {
    return multiply(scale(odd_series(s, false), 1), constants::log2_e);
}

}  // namespace

Wide wide_from_integer(i64 value) {
    return normalized(value < 0, 127, static_cast<u64>(std::llabs(value)));
}
Wide wide_from(const Unpacked& a) {
    return {.sign = a.sign,
            .exponent = a.exponent,
            .significand = a.kind == Kind::Zero ? 0 : u128{a.significand} << 64};
}

Wide negate(Wide a) {
    a.sign = !a.sign;
    return a;
}
Wide scale(Wide a, i32 exponent) {
    a.exponent += exponent;
    return a;
}

bool magnitude_less(const Wide& a, const Wide& b) {
    if (a.significand == 0 || b.significand == 0) {
        return a.significand == 0 && b.significand != 0;
    }
    return a.exponent != b.exponent ? a.exponent < b.exponent : a.significand < b.significand;
}

Wide add(const Wide& a, const Wide& b) {
    if (a.significand == 0 || b.significand == 0) {
        return a.significand == 0 ? b : a;
    }
    const Wide& large = magnitude_less(a, b) ? b : a;
    const Wide& small = magnitude_less(a, b) ? a : b;
    const u32 distance = static_cast<u32>(large.exponent - small.exponent);
    const u128 x = large.significand >> 1;
    const u128 y = distance >= 127 ? 0 : small.significand >> (distance + 1);
    return normalized(large.sign, large.exponent + 1, large.sign == small.sign ? x + y : x - y);
}
Wide subtract(const Wide& a, const Wide& b) {
    return add(a, negate(b));
}

Wide multiply(const Wide& a, const Wide& b) {
    return normalized(a.sign != b.sign, a.exponent + b.exponent + 1,
                      multiply_high(a.significand, b.significand));
}
Wide divide(const Wide& a, const Wide& b) {
    if (a.significand == 0) {
        return a;
    }
    return normalized(a.sign != b.sign, a.exponent - b.exponent,
                      divide_fractions(a.significand, b.significand));
}
Wide divide(const Wide& a, u32 divisor) {
    return normalized(a.sign, a.exponent, a.significand / divisor);
}

/// Newton's iteration on the 64-bit root of the leading bits doubles its precision once.
Wide square_root(const Wide& a) {
    if (a.significand == 0) {
        return a;
    }
    Environment environment{.rounding = Rounding::TowardZero};
    const Float80 leading = round_and_pack<Float80>(environment, a);
    const Float80 root = square_root<Float80>(environment, unpack(environment, leading));
    const Wide guess = wide_from(unpack(environment, root));
    return scale(add(guess, divide(a, guess)), -1);
}

Wide sine(const Wide& a) {
    if (a.exponent < negligible_exponent) {
        return just_below(a);
    }
    return factorial_series(a, negate(multiply(a, a)), [](u32 n) { return 2 * n * (2 * n + 1); });
}
Wide cosine(const Wide& a) {
    if (a.exponent < negligible_exponent) {
        return a.significand == 0 ? constants::one : just_below(constants::one);
    }
    return factorial_series(constants::one, negate(multiply(a, a)),
                            [](u32 n) { return (2 * n - 1) * 2 * n; });
}

/// atan(a) = 2 atan(a / (1 + sqrt(1 + a^2))), three times, then the series.
Wide arctangent(const Wide& a) {
    if (a.exponent < negligible_exponent) {
        return just_below(a);
    }
    constexpr int halvings = 3;
    Wide x = a;
    for (int i = 0; i < halvings; ++i) {
        const Wide root = square_root(add(constants::one, multiply(x, x)));
        x = divide(x, add(constants::one, root));
    }
    return scale(odd_series(x, true), halvings);
}

Wide exp2_minus_1(const Wide& a) {
    const Wide x = multiply(a, constants::ln_2);
    return factorial_series(x, x, [](u32 n) { return n + 1; });
}

/// a = 2^k * m with m between 1/sqrt(2) and sqrt(2); log2(a) = k + log2(m).
Wide log2(const Wide& a) {
    constexpr u128 root_of_two = u128{0xb504'f333'f9de'6484} << 64;
    const bool upper = a.significand > root_of_two;
    const i32 k = a.exponent + (upper ? 1 : 0);
    const Wide m = scale(a, -k);
    const Wide s = divide(subtract(m, constants::one), add(m, constants::one));
    return add(wide_from_integer(k), log2_from_ratio(s));
}
Wide log2_of_1_plus(const Wide& a) {
    return log2_from_ratio(divide(a, add(wide_from_integer(2), a)));
}

}  // namespace ringfence::sim::isa::x86::soft_float
