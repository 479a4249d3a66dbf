// SPDX-License-Identifier: MIT
// The x87's transcendental functions. [intel/vol1]: 8.3.7, 8.3.9, 8.3.10; [intel/vol2]: F2XM1,
// FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS, FSINCOS
//
// Precision: each is computed to 128 bits (fpu_wide.h) and rounded once, so results are correctly
// rounded but for rare near-ties; real processors are only promised to be within one unit in the
// last place, and differ from one another. FSIN and its kin reduce their argument with the 66-bit
// value of pi that Intel documents.
#include <array>
#include <utility>

#include "sim/isa/x86/x87_math.h"

namespace ringfence::sim::isa::x86::x87 {

namespace {

/// ST(1) * log2(ST(0)).
Float80 y_log2_x(Environment& environment, const Unpacked& x, const Unpacked& y) {
    if (is_special(x) || is_special(y)) {
        return nan_of(environment, x, y);
    }
    const bool unit = x.kind == Kind::Finite && x.exponent == 0 && x.significand == u64{1} << 63;
    if ((x.sign && x.kind != Kind::Zero) || (x.kind == Kind::Zero && y.kind == Kind::Zero) ||
        (x.kind == Kind::Infinity && y.kind == Kind::Zero) || (unit && y.kind == Kind::Infinity)) {
        return invalid(environment);
    }
    if (x.kind == Kind::Zero) {
        if (y.kind == Kind::Finite) {
            environment.raise(exception::divide_by_zero);
        }
        return infinity(!y.sign);
    }
    note_denormals(environment, x, y);
    const bool below_one = x.kind == Kind::Finite && x.exponent < 0;
    if (x.kind == Kind::Infinity || y.kind == Kind::Infinity) {
        return infinity(y.sign != below_one);
    }
    if (unit || y.kind == Kind::Zero) {
        return zero(y.sign != below_one);
    }
    const Wide logarithm = soft_float::log2(soft_float::wide_from(x));
    return round_inexact(environment, soft_float::multiply(soft_float::wide_from(y), logarithm));
}

/// ST(1) * log2(ST(0) + 1), for |ST(0)| up to 1 - sqrt(1/2).
Float80 y_log2_x_plus_1(Environment& environment, const Unpacked& x, const Unpacked& y) {
    if (is_special(x) || is_special(y)) {
        return nan_of(environment, x, y);
    }
    const bool undefined = (x.kind == Kind::Zero && y.kind == Kind::Infinity) ||
                           (x.kind == Kind::Infinity && (x.sign || y.kind == Kind::Zero));
    if (undefined) {
        return invalid(environment);
    }
    note_denormals(environment, x, y);
    if (x.kind == Kind::Infinity || y.kind == Kind::Infinity) {
        return infinity(x.sign != y.sign);
    }
    if (x.kind == Kind::Zero || y.kind == Kind::Zero) {
        return zero(x.sign != y.sign);
    }
    if (x.exponent >= -1) {
        // Outside the range the result is undefined: log2(1 + x) where it exists, else x.
        const Wide sum = soft_float::add(soft_float::constants::one, soft_float::wide_from(x));
        if (sum.sign || sum.significand == 0) {
            environment.raise(exception::inexact);
            return pack_exact(environment, x.sign, x.exponent, u128{x.significand} << 64);
        }
        return round_inexact(environment,
                             soft_float::multiply(soft_float::wide_from(y), soft_float::log2(sum)));
    }
    const Wide logarithm = soft_float::log2_of_1_plus(soft_float::wide_from(x));
    return round_inexact(environment, soft_float::multiply(soft_float::wide_from(y), logarithm));
}

Wide quarter_turns(u32 count, i32 halvings) {
    const Wide quarter = soft_float::scale(soft_float::constants::pi, -halvings);
    return count == 1 ? quarter
                      : soft_float::multiply(quarter, soft_float::wide_from_integer(count));
}

/// The angle of the point (ST(0), ST(1)), from -pi to pi. [intel/vol2]: table 3-33
Float80 angle(Environment& environment, const Unpacked& x, const Unpacked& y) {
    if (is_special(x) || is_special(y)) {
        return nan_of(environment, x, y);
    }
    note_denormals(environment, x, y);
    Wide result = soft_float::wide_zero;
    if (y.kind == Kind::Zero || (x.kind == Kind::Infinity && y.kind != Kind::Infinity)) {
        if (!x.sign) {
            return zero(y.sign);
        }
        result = quarter_turns(1, 0);
    } else if (y.kind == Kind::Infinity) {
        result = x.kind == Kind::Infinity ? quarter_turns(x.sign ? 3 : 1, 2) : quarter_turns(1, 1);
    } else if (x.kind == Kind::Zero) {
        result = quarter_turns(1, 1);
    } else {
        Wide a = soft_float::wide_from(x);
        Wide b = soft_float::wide_from(y);
        a.sign = b.sign = false;
        const bool steep = soft_float::magnitude_less(a, b);
        result =
            soft_float::arctangent(steep ? soft_float::divide(a, b) : soft_float::divide(b, a));
        if (steep) {
            result = soft_float::subtract(quarter_turns(1, 1), result);
        }
        if (x.sign) {
            result = soft_float::subtract(soft_float::constants::pi, result);
        }
    }
    result.sign = y.sign;
    return round_inexact(environment, result);
}

// One operand ---------------------------------------------------------------------------------

Float80 two_to_x_minus_1(Environment& environment, const Float80& x) {
    const Unpacked a = soft_float::unpack(environment, x);
    if (is_special(a)) {
        return nan_of(environment, a, a);
    }
    if (a.kind == Kind::Zero) {
        return zero(a.sign);
    }
    if (a.kind == Kind::Infinity) {
        return a.sign ? pack_exact(environment, true, 0, u128{1} << 127) : infinity(false);
    }
    note_denormals(environment, a, a);
    const bool unit = a.exponent == 0 && a.significand == u64{1} << 63;
    if (a.exponent >= 0) {
        // -1 gives -1/2 and 1 gives 1; beyond, the result is undefined and the operand stays.
        environment.raise(exception::inexact);
        return pack_exact(environment, a.sign, unit && a.sign ? -1 : a.exponent,
                          u128{a.significand} << 64);
    }
    return round_inexact(environment, soft_float::exp2_minus_1(soft_float::wide_from(a)));
}

/// An angle as a quadrant and a rest between -pi/4 and pi/4.
struct Reduced {
    u32 quadrant = 0;
    Wide rest = soft_float::wide_zero;
};

/// With pi/2 as a 66-bit integer times a power of two, the division is exact.
Reduced reduce(const Unpacked& a) {
    constexpr u128 half_pi = u128{0xc90f'daa2'2168'c234} << 2 | 3;  // * 2^-65
    if (a.exponent < -1) {
        return {.rest = soft_float::wide_from(a)};
    }
    u128 rest = u128{a.significand} << 1;  // * 2^(exponent - 64), at exponent -1 in the same unit
    u32 quotient = 0;
    for (i32 e = -1;; ++e) {
        quotient <<= 1;
        if (rest >= half_pi) {
            rest -= half_pi;
            quotient |= 1;
        }
        if (e == a.exponent) {
            break;
        }
        rest <<= 1;
    }
    bool sign = a.sign;
    if (rest * 2 > half_pi) {
        rest = half_pi - rest;
        sign = !sign;
        ++quotient;
    }
    if (rest == 0) {
        return {.quadrant = quotient};
    }
    return {.quadrant = quotient, .rest = soft_float::normalize(sign, 127 - 65, rest)};
}

struct SineCosine {
    Wide sine;
    Wide cosine;
};
SineCosine sine_and_cosine(const Unpacked& a) {
    const Reduced r = reduce(a);
    Wide s = soft_float::sine(r.rest);
    Wide c = soft_float::cosine(r.rest);
    const u32 quadrant = a.sign ? 0 - r.quadrant : r.quadrant;
    if ((quadrant & 1) != 0) {
        std::swap(s, c);
        c = soft_float::negate(c);
    }
    if ((quadrant & 2) != 0) {
        s = soft_float::negate(s);
        c = soft_float::negate(c);
    }
    return {s, c};
}

Float80 sine_of(Environment& environment, const Unpacked& a) {
    return a.kind == Kind::Zero ? zero(a.sign)
                                : round_inexact(environment, sine_and_cosine(a).sine);
}
Float80 cosine_of(Environment& environment, const Unpacked& a) {
    return a.kind == Kind::Zero ? pack_exact(environment, false, 0, u128{1} << 127)
                                : round_inexact(environment, sine_and_cosine(a).cosine);
}
Float80 tangent_of(Environment& environment, const Unpacked& a) {
    if (a.kind == Kind::Zero) {
        return zero(a.sign);
    }
    if (a.exponent < soft_float::negligible_exponent) {
        return round_inexact(environment, soft_float::wide_from(a));  // just above the angle
    }
    const SineCosine both = sine_and_cosine(a);
    return round_inexact(environment, soft_float::divide(both.sine, both.cosine));
}
Float80 constant_one(Environment& environment, const Unpacked& a) {
    Environment exact;
    return is_special(a) || a.kind == Kind::Infinity ? nan_of(environment, a, a)
                                                     : pack_exact(exact, false, 0, u128{1} << 127);
}

/// The masked result for NaNs and infinities, or F's.
template <auto F>
Float80 evaluate(Environment& environment, const Unpacked& a) {
    if (is_special(a)) {
        return nan_of(environment, a, a);
    }
    if (a.kind == Kind::Infinity) {
        return invalid(environment);
    }
    note_denormals(environment, a, a);
    return F(environment, a);
}

/// From this exponent on, an angle is not reduced: C2 is set and ST(0) stays.
constexpr i32 angle_limit = 63;

template <auto F>
bool trigonometric(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    fpu.status = status::C2::set(fpu.status, 0);
    if (fpu.is_empty(0)) {
        if (stack_underflow(fpu)) {
            set_st(fpu, 0, indefinite());
        }
        return true;
    }
    Environment environment = environment_of(fpu);
    const Unpacked a = unpack_st(fpu, environment, 0);
    if (a.kind == Kind::Finite && a.exponent >= angle_limit) {
        fpu.status |= status::C2::mask;
        set_c1(fpu, false);
        return true;
    }
    const Float80 result = evaluate<F>(environment, a);
    if (settle(fpu, environment)) {
        set_st(fpu, 0, result);
    }
    return true;
}

/// FSINCOS and FPTAN: `First` replaces ST(0), then `Second` is pushed.
template <auto First, auto Second>
bool trigonometric_pair(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    fpu.status = status::C2::set(fpu.status, 0);
    const bool underflow = fpu.is_empty(0);
    if (underflow || !fpu.is_empty(7)) {
        if (underflow ? stack_underflow(fpu) : stack_overflow(fpu)) {
            set_st(fpu, 0, indefinite());
            push_unchecked(fpu, indefinite());
        }
        return true;
    }
    Environment environment = environment_of(fpu);
    const Unpacked a = unpack_st(fpu, environment, 0);
    if (a.kind == Kind::Finite && a.exponent >= angle_limit) {
        fpu.status |= status::C2::mask;
        set_c1(fpu, false);
        return true;
    }
    const Float80 first = evaluate<First>(environment, a);
    const Float80 second = evaluate<Second>(environment, a);
    if (settle(fpu, environment)) {
        set_st(fpu, 0, first);
        push(fpu, second);
    }
    return true;
}

constexpr auto second = Destination::SecondAndPop;

template <auto semantics>
constexpr BinderRow row(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_plain<semantics>, Unit::X87};
}

constexpr std::array rows = {
    row<two_operands<y_log2_x, second>>(ZYDIS_MNEMONIC_FYL2X),
    row<two_operands<y_log2_x_plus_1, second>>(ZYDIS_MNEMONIC_FYL2XP1),
    row<two_operands<angle, second>>(ZYDIS_MNEMONIC_FPATAN),
    row<on_top<two_to_x_minus_1>>(ZYDIS_MNEMONIC_F2XM1),
    row<trigonometric<sine_of>>(ZYDIS_MNEMONIC_FSIN),
    row<trigonometric<cosine_of>>(ZYDIS_MNEMONIC_FCOS),
    row<trigonometric_pair<sine_of, cosine_of>>(ZYDIS_MNEMONIC_FSINCOS),
    row<trigonometric_pair<tangent_of, constant_one>>(ZYDIS_MNEMONIC_FPTAN),
};

}  // namespace

std::span<const BinderRow> transcendental_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::x87
