// SPDX-License-Identifier: MIT
// The basic x87 arithmetic: + - * / with their reversed, popping and integer forms, and the
// operations on ST(0) alone. [intel/vol2]: FADD, FSUB, FSUBR, FMUL, FDIV, FDIVR, FSQRT, FABS, FCHS,
// FRNDINT
#include <array>

#include "sim/isa/x86/x87_stack.h"

namespace ringfence::sim::isa::x86::x87 {

namespace {

Float80 add(Environment& environment, const Unpacked& a, const Unpacked& b) {
    return soft_float::add<Float80>(environment, a, b);
}
Float80 subtract(Environment& environment, const Unpacked& a, const Unpacked& b) {
    return soft_float::subtract<Float80>(environment, a, b);
}
Float80 subtract_reversed(Environment& environment, const Unpacked& a, const Unpacked& b) {
    return soft_float::subtract<Float80>(environment, b, a);
}
Float80 multiply(Environment& environment, const Unpacked& a, const Unpacked& b) {
    return soft_float::multiply<Float80>(environment, a, b);
}
Float80 divide(Environment& environment, const Unpacked& a, const Unpacked& b) {
    return soft_float::divide<Float80>(environment, a, b);
}
Float80 divide_reversed(Environment& environment, const Unpacked& a, const Unpacked& b) {
    return soft_float::divide<Float80>(environment, b, a);
}

/// ST(dst) = F(ST(dst), b), unless an unmasked exception forbids it. Returns whether it was stored.
template <auto F>
bool compute(FpuState& fpu, Environment& environment, unsigned dst, const Unpacked& b) {
    const Float80 result = F(environment, unpack_st(fpu, environment, dst), b);
    if (!settle(fpu, environment)) {
        return false;
    }
    set_st(fpu, dst, result);
    return true;
}

/// ST(dst) = F(ST(dst), ST(src)), then `pops` pops.
template <auto F, unsigned pops>
bool with_register(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    bool done = true;
    if (fpu.is_empty(op.dst) || fpu.is_empty(op.src)) {
        done = stack_underflow(fpu);
        if (done) {
            set_st(fpu, op.dst, indefinite());
        }
    } else {
        Environment environment = environment_of(fpu);
        done = compute<F>(fpu, environment, op.dst, unpack_st(fpu, environment, op.src));
    }
    if (done) {
        pop(fpu, pops);
    }
    return true;
}

/// A memory operand: single or double precision, or a signed integer.
template <typename M>
Unpacked unpack_operand(const Environment& environment, M value) {
    if constexpr (std::is_signed_v<M>) {
        Environment exact;
        return soft_float::unpack(environment, soft_float::from_integer<Float80>(exact, value));
    } else {
        return soft_float::unpack(environment, value);
    }
}

/// ST(0) = F(ST(0), memory).
template <auto F, typename M>
bool with_memory(Cpu& cpu, const Op& op) {
    M value;
    if (!begin(cpu) || !load(cpu, op, value)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record_memory(cpu, op);
    if (fpu.is_empty(0)) {
        if (stack_underflow(fpu)) {
            set_st(fpu, 0, indefinite());
        }
        return true;
    }
    Environment environment = environment_of(fpu);
    compute<F>(fpu, environment, 0, unpack_operand(environment, value));
    return true;
}

// ST(0) alone ---------------------------------------------------------------------------------

Float80 square_root(Environment& environment, const Float80& a) {
    return soft_float::square_root<Float80>(environment, soft_float::unpack(environment, a));
}
Float80 round_to_integer(Environment& environment, const Float80& a) {
    const Unpacked value = soft_float::unpack(environment, a);
    if (value.denormal) {
        environment.raise(exception::denormal);
    }
    return soft_float::round_to_integral<Float80>(environment, value, environment.rounding,
                                                  soft_float::InexactReport::Raise);
}
using Sign = Flag<15, u16>;
Float80 absolute(Environment&, const Float80& a) {
    return {a.significand, Sign::set(a.sign_exponent, 0)};
}
Float80 negate(Environment&, const Float80& a) {
    return {a.significand, static_cast<u16>(a.sign_exponent ^ Sign::mask)};
}

// Rows ----------------------------------------------------------------------------------------

template <auto F>
bool bind_float(const Instruction& instruction, OpBuilder& out) {
    return bind_memory<with_memory<F, u32>, 4>(instruction, out) ||
           bind_memory<with_memory<F, u64>, 8>(instruction, out) ||
           bind_two_registers<with_register<F, 0>>(instruction, out);
}
template <auto F>
bool bind_integer(const Instruction& instruction, OpBuilder& out) {
    return bind_memory<with_memory<F, i16>, 2>(instruction, out) ||
           bind_memory<with_memory<F, i32>, 4>(instruction, out);
}
template <auto F>
constexpr BinderRow float_row(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_float<F>, Unit::X87};
}
template <auto F>
constexpr BinderRow popping_row(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_two_registers<with_register<F, 1>>, Unit::X87};
}
template <auto F>
constexpr BinderRow integer_row(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_integer<F>, Unit::X87};
}
template <auto F>
constexpr BinderRow top_row(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_plain<on_top<F>>, Unit::X87};
}

constexpr std::array rows = {
    float_row<add>(ZYDIS_MNEMONIC_FADD),
    popping_row<add>(ZYDIS_MNEMONIC_FADDP),
    integer_row<add>(ZYDIS_MNEMONIC_FIADD),
    float_row<subtract>(ZYDIS_MNEMONIC_FSUB),
    popping_row<subtract>(ZYDIS_MNEMONIC_FSUBP),
    integer_row<subtract>(ZYDIS_MNEMONIC_FISUB),
    float_row<subtract_reversed>(ZYDIS_MNEMONIC_FSUBR),
    popping_row<subtract_reversed>(ZYDIS_MNEMONIC_FSUBRP),
    integer_row<subtract_reversed>(ZYDIS_MNEMONIC_FISUBR),
    float_row<multiply>(ZYDIS_MNEMONIC_FMUL),
    popping_row<multiply>(ZYDIS_MNEMONIC_FMULP),
    integer_row<multiply>(ZYDIS_MNEMONIC_FIMUL),
    float_row<divide>(ZYDIS_MNEMONIC_FDIV),
    popping_row<divide>(ZYDIS_MNEMONIC_FDIVP),
    integer_row<divide>(ZYDIS_MNEMONIC_FIDIV),
    float_row<divide_reversed>(ZYDIS_MNEMONIC_FDIVR),
    popping_row<divide_reversed>(ZYDIS_MNEMONIC_FDIVRP),
    integer_row<divide_reversed>(ZYDIS_MNEMONIC_FIDIVR),
    top_row<square_root>(ZYDIS_MNEMONIC_FSQRT),
    top_row<round_to_integer>(ZYDIS_MNEMONIC_FRNDINT),
    top_row<absolute>(ZYDIS_MNEMONIC_FABS),
    top_row<negate>(ZYDIS_MNEMONIC_FCHS),
};

}  // namespace

std::span<const BinderRow> arithmetic_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::x87
