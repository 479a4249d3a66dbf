// SPDX-License-Identifier: MIT
// Addition, multiplication, division, square root and comparison. [intel/vol1]: 4.8, 4.9, D.4
#include <bit>

#include "sim/isa/x86/fpu_soft_float.h"

namespace ringfence::sim::isa::x86::soft_float {

namespace {

bool has_special(const Unpacked& a, const Unpacked& b) {
    return a.is_nan() || b.is_nan() || a.is_unsupported() || b.is_unsupported();
}

void raise_denormal(Environment& environment, const Unpacked& a, const Unpacked& b) {
    if (a.denormal || b.denormal) {
        environment.raise(exception::denormal);
    }
}

template <typename Bits>
Bits pack(Environment& environment, const Unpacked& a) {
    return round_and_pack<Bits>(
        environment,
        {.sign = a.sign, .exponent = a.exponent, .significand = u128{a.significand} << 64});
}

/// The sign of an exact zero sum of two operands with different signs.
bool zero_sum_sign(const Environment& environment) {
    return environment.rounding == Rounding::Down;
}

template <typename Bits>
Bits add_infinite(Environment& environment, const Unpacked& a, const Unpacked& b) {
    const bool both = a.kind == Kind::Infinity && b.kind == Kind::Infinity;
    if (both && a.sign != b.sign) {
        return invalid_operation<Bits>(environment);
    }
    raise_denormal(environment, a, b);
    return infinity<Bits>(a.kind == Kind::Infinity ? a.sign : b.sign);
}

template <typename Bits>
Bits add_zero(Environment& environment, const Unpacked& a, const Unpacked& b) {
    if (a.kind == Kind::Zero && b.kind == Kind::Zero) {
        return zero<Bits>(a.sign == b.sign ? a.sign : zero_sum_sign(environment));
    }
    return pack<Bits>(environment, a.kind == Kind::Zero ? b : a);
}

/// Both finite, |a| >= |b|. One bit of headroom for the carry, 63 for what is shifted out.
template <typename Bits>
Bits add_finite(Environment& environment, const Unpacked& a, const Unpacked& b) {
    const u128 large = u128{a.significand} << 63;
    const u128 small =
        shift_right_sticky(u128{b.significand} << 63, static_cast<u32>(a.exponent - b.exponent));
    const u128 sum = a.sign == b.sign ? large + small : large - small;
    if (sum == 0) {
        return zero<Bits>(zero_sum_sign(environment));
    }
    return round_and_pack<Bits>(environment, normalize(a.sign, a.exponent + 1, sum));
}

bool magnitude_less(const Unpacked& a, const Unpacked& b) {
    return a.exponent != b.exponent ? a.exponent < b.exponent : a.significand < b.significand;
}

/// n * 2^126 / d as 127 or 128 significant bits with a sticky bit 0; both have bit 63 set.
u128 divide_significands(u64 n, u64 d) {
    const u128 first = u128{n} << 63;
    const u128 high = first / d;
    const u128 rest = (first % d) << 63;
    const u128 low = rest / d;
    return high << 63 | low | (rest % d != 0 ? 1 : 0);
}

/// The integer square root of a value whose bit 127 or 126 is set, and what it leaves.
struct Root {
    u64 root;
    u128 remainder;
};
Root integer_square_root(u128 value) {
    u128 remainder = value;
    u128 root = 0;
    for (u128 one = u128{1} << 126; one != 0; one >>= 2) {
        const u128 trial = root + one;
        root >>= 1;
        if (remainder >= trial) {
            remainder -= trial;
            root += one;
        }
    }
    return {.root = static_cast<u64>(root), .remainder = remainder};
}

Ordering reversed_if(bool reverse, Ordering ordering) {
    if (!reverse || ordering == Ordering::Equal) {
        return ordering;
    }
    return ordering == Ordering::Less ? Ordering::Greater : Ordering::Less;
}

/// -1, 0 or 1: where a value lies relative to zero.
int signum(const Unpacked& a) {
    return a.kind == Kind::Zero ? 0 : (a.sign ? -1 : 1);
}

Ordering compare_magnitudes(const Unpacked& a, const Unpacked& b) {
    if (a.kind == Kind::Infinity || b.kind == Kind::Infinity) {
        if (a.kind == b.kind) {
            return Ordering::Equal;
        }
        return a.kind == Kind::Infinity ? Ordering::Greater : Ordering::Less;
    }
    if (magnitude_less(a, b)) {
        return Ordering::Less;
    }
    return magnitude_less(b, a) ? Ordering::Greater : Ordering::Equal;
}

}  // namespace

template <typename Bits>
Bits add(Environment& environment, const Unpacked& a, const Unpacked& b) {
    if (has_special(a, b)) {
        return propagate_nan<Bits>(environment, a, b);
    }
    if (a.kind == Kind::Infinity || b.kind == Kind::Infinity) {
        return add_infinite<Bits>(environment, a, b);
    }
    raise_denormal(environment, a, b);
    if (a.kind == Kind::Zero || b.kind == Kind::Zero) {
        return add_zero<Bits>(environment, a, b);
    }
    return magnitude_less(a, b) ? add_finite<Bits>(environment, b, a)
                                : add_finite<Bits>(environment, a, b);
}

template <typename Bits>
Bits subtract(Environment& environment, const Unpacked& a, Unpacked b) {
    if (!b.is_nan()) {
        b.sign = !b.sign;
    }
    return add<Bits>(environment, a, b);
}

template <typename Bits>
Bits multiply(Environment& environment, const Unpacked& a, const Unpacked& b) {
    if (has_special(a, b)) {
        return propagate_nan<Bits>(environment, a, b);
    }
    const bool sign = a.sign != b.sign;
    const bool infinite = a.kind == Kind::Infinity || b.kind == Kind::Infinity;
    const bool any_zero = a.kind == Kind::Zero || b.kind == Kind::Zero;
    if (infinite && any_zero) {
        return invalid_operation<Bits>(environment);
    }
    raise_denormal(environment, a, b);
    if (infinite) {
        return infinity<Bits>(sign);
    }
    if (any_zero) {
        return zero<Bits>(sign);
    }
    return round_and_pack<Bits>(environment, normalize(sign, a.exponent + b.exponent + 1,
                                                       u128{a.significand} * b.significand));
}

template <typename Bits>
Bits divide(Environment& environment, const Unpacked& a, const Unpacked& b) {
    if (has_special(a, b)) {
        return propagate_nan<Bits>(environment, a, b);
    }
    const bool sign = a.sign != b.sign;
    if (a.kind == b.kind && a.kind != Kind::Finite) {
        return invalid_operation<Bits>(environment);
    }
    if (b.kind == Kind::Zero && a.kind == Kind::Finite) {
        environment.raise(exception::divide_by_zero);
        return infinity<Bits>(sign);
    }
    raise_denormal(environment, a, b);
    if (a.kind == Kind::Infinity || b.kind == Kind::Zero) {
        return infinity<Bits>(sign);
    }
    if (a.kind == Kind::Zero || b.kind == Kind::Infinity) {
        return zero<Bits>(sign);
    }
    const u128 quotient = divide_significands(a.significand, b.significand);
    return round_and_pack<Bits>(environment,
                                normalize(sign, a.exponent - b.exponent + 1, quotient));
}

template <typename Bits>
Bits square_root(Environment& environment, const Unpacked& a) {
    if (a.is_nan() || a.is_unsupported()) {
        return propagate_nan<Bits>(environment, a, a);
    }
    if (a.kind == Kind::Zero) {
        return zero<Bits>(a.sign);
    }
    if (a.sign) {
        return invalid_operation<Bits>(environment);
    }
    if (a.kind == Kind::Infinity) {
        return infinity<Bits>(false);
    }
    raise_denormal(environment, a, a);
    // An even exponent halves; an odd one takes one more bit of the significand.
    const bool odd = (a.exponent & 1) != 0;
    const auto [root, remainder] = integer_square_root(u128{a.significand} << (odd ? 64 : 63));
    const u128 half = remainder > root ? u128{1} << 63 : 0;
    const u128 significand = u128{root} << 64 | half | (remainder != 0 ? 1 : 0);
    return round_and_pack<Bits>(environment,
                                normalize(false, (a.exponent - (odd ? 1 : 0)) / 2, significand));
}

Ordering compare(Environment& environment, const Unpacked& a, const Unpacked& b, QuietNans quiet) {
    if (has_special(a, b)) {
        const bool signaling = a.kind == Kind::SignalingNan || b.kind == Kind::SignalingNan ||
                               a.is_unsupported() || b.is_unsupported();
        if (signaling || quiet == QuietNans::Invalid) {
            environment.raise(exception::invalid);
        }
        return Ordering::Unordered;
    }
    raise_denormal(environment, a, b);
    const int sign_a = signum(a);
    const int sign_b = signum(b);
    if (sign_a != sign_b) {
        return sign_a < sign_b ? Ordering::Less : Ordering::Greater;
    }
    return sign_a == 0 ? Ordering::Equal : reversed_if(sign_a < 0, compare_magnitudes(a, b));
}

#define RF_INSTANTIATE(Bits)                                                      \
    template Bits add<Bits>(Environment&, const Unpacked&, const Unpacked&);      \
    template Bits subtract<Bits>(Environment&, const Unpacked&, Unpacked);        \
    template Bits multiply<Bits>(Environment&, const Unpacked&, const Unpacked&); \
    template Bits divide<Bits>(Environment&, const Unpacked&, const Unpacked&);   \
    template Bits square_root<Bits>(Environment&, const Unpacked&);
RF_INSTANTIATE(u32)
RF_INSTANTIATE(u64)
RF_INSTANTIATE(Float80)
#undef RF_INSTANTIATE

}  // namespace ringfence::sim::isa::x86::soft_float
