// SPDX-License-Identifier: MIT
#include "sim/isa/x86/fpu_soft_float.h"

#include <bit>

namespace ringfence::sim::isa::x86::soft_float {

namespace {

constexpr u64 integer_bit = u64{1} << 63;
constexpr u64 quiet_bit = u64{1} << 62;
constexpr i32 wrap_bias = 24576;

/// The fields of a format, with the significand's integer bit at bit 63.
struct Fields {
    bool sign;
    u32 exponent;
    u64 significand;
};

template <typename Bits>
constexpr unsigned fraction_bits = Format<Bits>::precision - 1;
template <typename Bits>
constexpr u32 exponent_all_ones = 2 * Format<Bits>::bias + 1;

/// Single and double precision: the integer bit is implied by the exponent.
template <typename Bits>
Fields split(Bits bits) {
    constexpr unsigned width = sizeof(Bits) * 8;
    const u32 exponent = static_cast<u32>(bits >> fraction_bits<Bits>) & exponent_all_ones<Bits>;
    const u64 fraction = bits & low_mask<Bits>(fraction_bits<Bits>);
    const u64 justified = fraction << (63 - fraction_bits<Bits>);
    return {.sign = (bits >> (width - 1)) != 0,
            .exponent = exponent,
            .significand = justified | (exponent != 0 ? integer_bit : 0)};
}

Fields split(const Float80& bits) {
    return {.sign = (bits.sign_exponent & 0x8000) != 0,
            .exponent = bits.sign_exponent & exponent_all_ones<Float80>,
            .significand = bits.significand};
}

template <typename Bits>
Bits join(const Fields& fields) {
    const Bits fraction =
        static_cast<Bits>((fields.significand & ~integer_bit) >> (63 - fraction_bits<Bits>));
    const Bits exponent =
        static_cast<Bits>(static_cast<Bits>(fields.exponent) << fraction_bits<Bits>);
    const Bits sign = static_cast<Bits>(Bits{fields.sign} << (sizeof(Bits) * 8 - 1));
    return static_cast<Bits>(sign | exponent | fraction);
}

template <>
Float80 join<Float80>(const Fields& fields) {
    return {.significand = fields.significand,
            .sign_exponent = static_cast<u16>((fields.sign ? 0x8000u : 0u) | fields.exponent)};
}

Unpacked unpack_denormal(const Environment& environment, const Fields& fields, i32 bias) {
    if (environment.denormals_are_zero) {
        return {.kind = Kind::Zero, .sign = fields.sign};
    }
    const int shift = std::countl_zero(fields.significand);
    return {.kind = Kind::Finite,
            .sign = fields.sign,
            .denormal = true,
            .exponent = 1 - bias - shift,
            .significand = fields.significand << shift};
}

Unpacked unpack_fields(const Environment& environment, const Fields& fields, i32 bias) {
    const u32 all_ones = static_cast<u32>(2 * bias + 1);
    if (fields.exponent == 0) {
        return fields.significand == 0 ? Unpacked{.kind = Kind::Zero, .sign = fields.sign}
                                       : unpack_denormal(environment, fields, bias);
    }
    if ((fields.significand & integer_bit) == 0) {
        return {.kind = Kind::Unsupported, .sign = fields.sign, .significand = fields.significand};
    }
    if (fields.exponent != all_ones) {
        return {.kind = Kind::Finite,
                .sign = fields.sign,
                .exponent = static_cast<i32>(fields.exponent) - bias,
                .significand = fields.significand};
    }
    if (fields.significand == integer_bit) {
        return {.kind = Kind::Infinity, .sign = fields.sign};
    }
    const Kind kind = (fields.significand & quiet_bit) != 0 ? Kind::QuietNan : Kind::SignalingNan;
    return {.kind = kind, .sign = fields.sign, .significand = fields.significand};
}

/// The significand's `precision` high bits, rounded, left-justified at bit 63.
struct RoundedSignificand {
    u64 significand;
    bool carry;
    bool inexact;
    bool up;
};

bool rounds_up(Rounding rounding, bool sign, bool odd, u128 remainder, u128 half) {
    switch (rounding) {
        case Rounding::NearestEven:
            return remainder > half || (remainder == half && odd);
        case Rounding::Down:
            return sign && remainder != 0;
        case Rounding::Up:
            return !sign && remainder != 0;
        case Rounding::TowardZero:
            return false;
    }
    return false;
}

RoundedSignificand round_significand(u128 significand, unsigned precision, Rounding rounding,
                                     bool sign) {
    const unsigned dropped = 128 - precision;
    const u128 unit = u128{1} << dropped;
    const u128 remainder = significand & (unit - 1);
    u128 kept = significand - remainder;
    const bool odd = (kept & unit) != 0;
    const bool up = rounds_up(rounding, sign, odd, remainder, unit >> 1);
    bool carry = false;
    if (up) {
        kept += unit;
        carry = kept == 0;
    }
    return {.significand = carry ? integer_bit : static_cast<u64>(kept >> 64),
            .carry = carry,
            .inexact = remainder != 0,
            .up = up};
}

/// The precision that a result is rounded to.
template <typename Bits>
unsigned precision_of(const Environment&) {
    return Format<Bits>::precision;
}
template <>
unsigned precision_of<Float80>(const Environment& environment) {
    return environment.precision;
}

template <typename Bits>
Bits pack_finite(bool sign, i32 exponent, u64 significand) {
    const u32 biased = static_cast<u32>(exponent + Format<Bits>::bias);
    return join<Bits>({.sign = sign, .exponent = biased, .significand = significand});
}

template <typename Bits>
Bits largest_finite(bool sign, unsigned precision) {
    const u64 significand = ~u64{0} << (64 - precision);
    return pack_finite<Bits>(sign, Format<Bits>::bias, significand);
}

template <typename Bits>
Bits overflowed(Environment& environment, bool sign, unsigned precision) {
    environment.raise(exception::overflow | exception::inexact);
    const bool to_infinity = environment.rounding == Rounding::NearestEven ||
                             environment.rounding == (sign ? Rounding::Down : Rounding::Up);
    environment.rounded_up = to_infinity;
    return to_infinity ? infinity<Bits>(sign) : largest_finite<Bits>(sign, precision);
}

/// Records what a rounding did and gives the packed value, whose exponent is in range.
template <typename Bits>
Bits finish(Environment& environment, bool sign, i32 exponent, const RoundedSignificand& rounded) {
    if (rounded.inexact) {
        environment.raise(exception::inexact);
    }
    environment.rounded_up = rounded.up;
    return pack_finite<Bits>(sign, exponent, rounded.significand);
}

template <typename Bits>
Bits underflowed(Environment& environment, const Exact& value, unsigned precision) {
    if (environment.flush_to_zero) {
        environment.raise(exception::underflow | exception::inexact);
        environment.rounded_up = false;
        return zero<Bits>(value.sign);
    }
    constexpr i32 smallest = 1 - Format<Bits>::bias;
    const u128 shifted =
        shift_right_sticky(value.significand, static_cast<u32>(smallest - value.exponent));
    const RoundedSignificand rounded =
        round_significand(shifted, precision, environment.rounding, value.sign);
    if (rounded.inexact) {
        environment.raise(exception::underflow);
    }
    const bool normal = (rounded.significand & integer_bit) != 0;
    return finish<Bits>(environment, value.sign, normal ? smallest : smallest - 1, rounded);
}

}  // namespace

Exact normalize(bool sign, i32 exponent, u128 value) {
    const u64 high = static_cast<u64>(value >> 64);
    const int shift =
        high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<u64>(value));
    return {.sign = sign, .exponent = exponent - shift, .significand = value << shift};
}

Unpacked unpack(const Environment& environment, u16 bits) {
    return unpack_fields(environment, split(bits), Format<u16>::bias);
}
Unpacked unpack(const Environment& environment, u32 bits) {
    return unpack_fields(environment, split(bits), Format<u32>::bias);
}
Unpacked unpack(const Environment& environment, u64 bits) {
    return unpack_fields(environment, split(bits), Format<u64>::bias);
}
Unpacked unpack(const Environment& environment, const Float80& bits) {
    return unpack_fields(environment, split(bits), Format<Float80>::bias);
}

template <typename Bits>
Bits round_and_pack(Environment& environment, const Exact& value) {
    constexpr bool extended = sizeof(Bits) > 8;
    constexpr i32 largest = Format<Bits>::bias;
    constexpr i32 smallest = 1 - Format<Bits>::bias;
    const unsigned precision = precision_of<Bits>(environment);
    const RoundedSignificand rounded =
        round_significand(value.significand, precision, environment.rounding, value.sign);
    i32 exponent = value.exponent + (rounded.carry ? 1 : 0);
    if (exponent >= smallest && exponent <= largest) {
        // Also when only the rounding reached the range: x86 finds tininess after rounding.
        return finish<Bits>(environment, value.sign, exponent, rounded);
    }
    const bool overflow = exponent > largest;
    if (environment.is_masked(overflow ? exception::overflow : exception::underflow)) {
        return overflow ? overflowed<Bits>(environment, value.sign, precision)
                        : underflowed<Bits>(environment, value, precision);
    }
    environment.raise(overflow ? exception::overflow : exception::underflow);
    if constexpr (extended) {
        exponent += overflow ? -wrap_bias : wrap_bias;
        if (exponent < smallest || exponent > largest) {
            // Only FSCALE goes so far. [intel/vol1]: 8.5.4, 8.5.5
            environment.raise(exception::inexact);
            environment.rounded_up = overflow;
            return overflow ? infinity<Bits>(value.sign) : zero<Bits>(value.sign);
        }
        return finish<Bits>(environment, value.sign, exponent, rounded);
    } else {
        environment.raise(rounded.inexact ? exception::inexact : 0);
        return zero<Bits>(value.sign);
    }
}

template <typename Bits>
Bits zero(bool sign) {
    return join<Bits>({.sign = sign, .exponent = 0, .significand = 0});
}

template <typename Bits>
Bits infinity(bool sign) {
    return join<Bits>(
        {.sign = sign, .exponent = exponent_all_ones<Bits>, .significand = integer_bit});
}

template <typename Bits>
Bits indefinite() {
    return join<Bits>({.sign = true,
                       .exponent = exponent_all_ones<Bits>,
                       .significand = integer_bit | quiet_bit});
}

template <typename Bits>
Bits quiet_nan(const Unpacked& value) {
    return join<Bits>({.sign = value.sign,
                       .exponent = exponent_all_ones<Bits>,
                       .significand = value.significand | quiet_bit});
}

namespace {

/// The x87's choice between two operands of which at least one is a NaN.
const Unpacked& select_x87_nan(const Unpacked& a, const Unpacked& b) {
    if (!a.is_nan() || !b.is_nan()) {
        return a.is_nan() ? a : b;
    }
    if (a.kind != b.kind) {
        return a.kind == Kind::QuietNan ? a : b;
    }
    if (a.significand != b.significand) {
        return a.significand > b.significand ? a : b;
    }
    return a.sign ? b : a;
}

}  // namespace

template <typename Bits>
Bits propagate_nan(Environment& environment, const Unpacked& a, const Unpacked& b) {
    if (a.is_unsupported() || b.is_unsupported()) {
        return invalid_operation<Bits>(environment);
    }
    if (a.kind == Kind::SignalingNan || b.kind == Kind::SignalingNan) {
        environment.raise(exception::invalid);
    }
    if constexpr (sizeof(Bits) > 8) {
        return quiet_nan<Bits>(select_x87_nan(a, b));
    } else {
        return quiet_nan<Bits>(a.is_nan() ? a : b);
    }
}

#define RF_INSTANTIATE(Bits)                                        \
    template Bits round_and_pack<Bits>(Environment&, const Exact&); \
    template Bits zero<Bits>(bool);                                 \
    template Bits infinity<Bits>(bool);                             \
    template Bits indefinite<Bits>();                               \
    template Bits quiet_nan<Bits>(const Unpacked&);                 \
    template Bits propagate_nan<Bits>(Environment&, const Unpacked&, const Unpacked&);
RF_INSTANTIATE(u16)
RF_INSTANTIATE(u32)
RF_INSTANTIATE(u64)
RF_INSTANTIATE(Float80)
#undef RF_INSTANTIATE

}  // namespace ringfence::sim::isa::x86::soft_float
