// SPDX-License-Identifier: MIT
// x87 remainder, scaling and extraction, which are exact. [intel/vol1]: 8.3.5, 8.3.10;
// [intel/vol2]: FPREM, FPREM1, FSCALE, FXTRACT
#include "sim/isa/x86/x87_math.h"

#include <algorithm>
#include <array>

namespace ringfence::sim::isa::x86::x87 {

namespace {

/// ST(0) * 2^ST(1), where ST(1) is cut to an integer.
Float80 scale(Environment& environment, const Unpacked& a, const Unpacked& b) {
    if (is_special(a) || is_special(b)) {
        return nan_of(environment, a, b);
    }
    if (b.kind == Kind::Infinity) {
        const bool undefined = b.sign ? a.kind == Kind::Infinity : a.kind == Kind::Zero;
        if (undefined) {
            return invalid(environment);
        }
        note_denormals(environment, a, b);
        return b.sign ? zero(a.sign) : infinity(a.sign);
    }
    note_denormals(environment, a, b);
    if (a.kind != Kind::Finite) {
        return a.kind == Kind::Zero ? zero(a.sign) : infinity(a.sign);
    }
    // Beyond this, every scaled value over- or underflows.
    constexpr i64 enough = 0x1'0000;
    Environment quiet;
    const bool huge = b.kind == Kind::Finite && b.exponent > 20;
    const i64 exact = huge ? enough : soft_float::to_integer(quiet, b, 64, Rounding::TowardZero);
    const i64 distance = huge && b.sign ? -enough : std::clamp(exact, -enough, enough);
    environment.precision = soft_float::Format<Float80>::precision;
    return soft_float::round_and_pack<Float80>(environment,
                                               {.sign = a.sign,
                                                .exponent = a.exponent + static_cast<i32>(distance),
                                                .significand = u128{a.significand} << 64});
}

// Remainder -----------------------------------------------------------------------------------

enum class Quotient : u8 { Truncated, Nearest };

struct Remainder {
    Float80 value;
    u64 quotient = 0;
    bool partial = false;
};

/// a - q * b for finite, nonzero operands; at most 63 bits of the quotient at a time.
Remainder remainder(Environment& environment, const Unpacked& a, const Unpacked& b,
                    Quotient rounding) {
    const i32 distance = a.exponent - b.exponent;
    if (distance < -1 || (distance < 0 && rounding == Quotient::Truncated)) {
        return {.value = pack_exact(environment, a.sign, a.exponent, u128{a.significand} << 64)};
    }
    const bool partial = distance >= 64;
    // The reduction leaves the exponent difference a multiple of 32 below what it was.
    const i32 steps = partial ? 32 + distance % 32 : distance;
    const u128 divisor = u128{b.significand} << 1;
    u128 rest = u128{a.significand} << (steps < 0 ? 0 : 1);
    u64 quotient = 0;
    for (i32 i = 0; i <= steps; ++i) {
        rest <<= i == 0 ? 0 : 1;
        quotient <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1;
        }
    }
    bool sign = a.sign;
    if (!partial && rounding == Quotient::Nearest &&
        (rest * 2 > divisor || (rest * 2 == divisor && (quotient & 1) != 0))) {
        rest = divisor - rest;
        sign = !sign;
        ++quotient;
    }
    const i32 exponent = partial ? a.exponent - steps : b.exponent;
    return {.value = pack_exact(environment, sign, exponent, rest << 63),
            .quotient = quotient,
            .partial = partial};
}

Remainder special_remainder(Environment& environment, const Unpacked& a, const Unpacked& b) {
    if (is_special(a) || is_special(b)) {
        return {.value = nan_of(environment, a, b)};
    }
    if (a.kind == Kind::Infinity || b.kind == Kind::Zero) {
        return {.value = invalid(environment)};
    }
    note_denormals(environment, a, b);
    return {.value = a.kind == Kind::Zero
                         ? zero(a.sign)
                         : pack_exact(environment, a.sign, a.exponent, u128{a.significand} << 64)};
}

/// C0, C3 and C1 are the quotient's low three bits, C2 says that the reduction is not complete.
template <Quotient rounding>
bool fprem(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    fpu.status = status::C2::set(fpu.status, 0);
    if (fpu.is_empty(0) || fpu.is_empty(1)) {
        if (stack_underflow(fpu)) {
            set_st(fpu, 0, indefinite());
        }
        return true;
    }
    Environment environment = environment_of(fpu);
    const Unpacked a = unpack_st(fpu, environment, 0);
    const Unpacked b = unpack_st(fpu, environment, 1);
    const bool ordinary = a.kind == Kind::Finite && b.kind == Kind::Finite;
    if (ordinary) {
        note_denormals(environment, a, b);
    }
    const Remainder result =
        ordinary ? remainder(environment, a, b, rounding) : special_remainder(environment, a, b);
    if (!settle(fpu, environment)) {
        return true;
    }
    const bool has_quotient =
        !is_special(a) && !is_special(b) && (environment.raised & exception::invalid) == 0;
    if (has_quotient) {
        const u64 q = result.partial ? 0 : result.quotient;
        set_condition(fpu, q >> 1 & 1, result.partial ? 1 : 0, q >> 2 & 1);
        set_c1(fpu, (q & 1) != 0);
    }
    set_st(fpu, 0, result.value);
    return true;
}

// Extraction ----------------------------------------------------------------------------------

/// The exponent replaces ST(0) and the significand is pushed.
bool fxtract(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    if (fpu.is_empty(0)) {
        if (stack_underflow(fpu)) {
            set_st(fpu, 0, indefinite());
            push_unchecked(fpu, indefinite());
        }
        return true;
    }
    if (!fpu.is_empty(7)) {
        if (stack_overflow(fpu)) {
            set_st(fpu, 0, indefinite());
            push_unchecked(fpu, indefinite());
        }
        return true;
    }
    Environment environment = environment_of(fpu);
    const Unpacked a = unpack_st(fpu, environment, 0);
    Float80 exponent;
    Float80 significand;
    if (is_special(a)) {
        exponent = significand = nan_of(environment, a, a);
    } else if (a.kind == Kind::Infinity) {
        exponent = infinity(false);
        significand = infinity(a.sign);
    } else if (a.kind == Kind::Zero) {
        environment.raise(exception::divide_by_zero);
        exponent = infinity(true);
        significand = zero(a.sign);
    } else {
        note_denormals(environment, a, a);
        Environment exact;
        exponent = soft_float::from_integer<Float80>(exact, a.exponent);
        significand = pack_exact(exact, a.sign, 0, u128{a.significand} << 64);
    }
    if (settle(fpu, environment)) {
        set_st(fpu, 0, exponent);
        push(fpu, significand);
    }
    return true;
}

constexpr std::array rows = {
    BinderRow{ZYDIS_MNEMONIC_FSCALE, &bind_plain<two_operands<scale, Destination::Top>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FPREM, &bind_plain<fprem<Quotient::Truncated>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FPREM1, &bind_plain<fprem<Quotient::Nearest>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FXTRACT, &bind_plain<fxtract>, Unit::X87},
};

}  // namespace

std::span<const BinderRow> math_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::x87
