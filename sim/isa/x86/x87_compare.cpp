// SPDX-License-Identifier: MIT
// x87 comparisons and classification. [intel/vol2]: FCOM, FUCOM, FICOM, FCOMI, FTST, FXAM
#include <array>

#include "sim/isa/x86/x87_stack.h"

namespace ringfence::sim::isa::x86::x87 {

namespace {

using soft_float::Ordering;
using soft_float::QuietNans;

/// C3, C2, C0 by the result. [intel/vol1]: table 8-6
void report(FpuState& fpu, Ordering ordering) {
    const bool unordered = ordering == Ordering::Unordered;
    set_condition(fpu, unordered || ordering == Ordering::Equal ? 1 : 0, unordered ? 1 : 0,
                  unordered || ordering == Ordering::Less ? 1 : 0);
}
/// ZF, PF, CF by the result; OF, SF and AF are cleared. [intel/vol1]: table 8-7
void report(cpu::LazyFlags& flags, Ordering ordering) {
    using arch::x86::Rflags;
    const bool unordered = ordering == Ordering::Unordered;
    flags.load(Rflags::zf.make(unordered || ordering == Ordering::Equal ? 1 : 0) |
               Rflags::pf.make(unordered ? 1 : 0) |
               Rflags::cf.make(unordered || ordering == Ordering::Less ? 1 : 0));
}

/// Compares ST(0) with `b` and reports to `destination`, then pops.
template <QuietNans quiet, unsigned pops, typename Destination>
void compare_with(FpuState& fpu, const Unpacked& b, Destination& destination) {
    Environment environment = environment_of(fpu);
    const Ordering ordering =
        soft_float::compare(environment, unpack_st(fpu, environment, 0), b, quiet);
    if (settle(fpu, environment)) {
        report(destination, ordering);
        pop(fpu, pops);
    }
}
template <unsigned pops, typename Destination>
void compare_empty(FpuState& fpu, Destination& destination) {
    if (stack_underflow(fpu)) {
        report(destination, Ordering::Unordered);
        pop(fpu, pops);
    }
}

template <QuietNans quiet, unsigned pops>
bool fcom_register(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    if (fpu.is_empty(0) || fpu.is_empty(op.src)) {
        compare_empty<pops>(fpu, fpu);
    } else {
        compare_with<quiet, pops>(fpu, unpack_st(fpu, environment_of(fpu), op.src), fpu);
    }
    return true;
}

template <QuietNans quiet, unsigned pops>
bool fcomi(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    if (fpu.is_empty(0) || fpu.is_empty(op.src)) {
        compare_empty<pops>(fpu, cpu.flags);
    } else {
        compare_with<quiet, pops>(fpu, unpack_st(fpu, environment_of(fpu), op.src), cpu.flags);
    }
    return true;
}

template <typename M, unsigned pops>
bool fcom_memory(Cpu& cpu, const Op& op) {
    M value;
    if (!begin(cpu) || !load(cpu, op, value)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record_memory(cpu, op);
    if (fpu.is_empty(0)) {
        compare_empty<pops>(fpu, fpu);
        return true;
    }
    Environment exact;
    Unpacked b;
    if constexpr (std::is_signed_v<M>) {
        b = soft_float::unpack(exact, soft_float::from_integer<Float80>(exact, value));
    } else {
        b = soft_float::unpack(exact, value);
    }
    compare_with<QuietNans::Invalid, pops>(fpu, b, fpu);
    return true;
}

bool ftst(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    if (fpu.is_empty(0)) {
        compare_empty<0>(fpu, fpu);
    } else {
        compare_with<QuietNans::Invalid, 0>(fpu, Unpacked{}, fpu);
    }
    return true;
}

/// C3, C2, C0: the class of ST(0); C1: its sign, even if it is empty.
bool fxam(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    const Unpacked value = unpack_st(fpu, environment_of(fpu), 0);
    set_c1(fpu, value.sign);
    if (fpu.is_empty(0)) {
        set_condition(fpu, 1, 0, 1);
        return true;
    }
    switch (value.kind) {
        case soft_float::Kind::Unsupported:
            set_condition(fpu, 0, 0, 0);
            break;
        case soft_float::Kind::QuietNan:
        case soft_float::Kind::SignalingNan:
            set_condition(fpu, 0, 0, 1);
            break;
        case soft_float::Kind::Infinity:
            set_condition(fpu, 0, 1, 1);
            break;
        case soft_float::Kind::Zero:
            set_condition(fpu, 1, 0, 0);
            break;
        case soft_float::Kind::Finite:
            set_condition(fpu, value.denormal ? 1 : 0, 1, 0);
            break;
    }
    return true;
}

/// FCOM ST(i): the register is the last operand that the decoder shows. FCOMPP: always ST(1).
template <auto semantics>
bool bind_with_last(const Instruction& instruction, OpBuilder& out) {
    bind_opcode(instruction, out);
    const unsigned visible = instruction.info.operand_count_visible;
    return visible != 0 && is_st(instruction, visible - 1U, out.op.src) &&
           out.straight<semantics>();
}
template <auto semantics>
bool bind_with_st1(const Instruction& instruction, OpBuilder& out) {
    bind_opcode(instruction, out);
    out.op.src = 1;
    return out.straight<semantics>();
}
template <unsigned pops>
bool bind_fcom(const Instruction& instruction, OpBuilder& out) {
    return bind_memory<fcom_memory<u32, pops>, 4>(instruction, out) ||
           bind_memory<fcom_memory<u64, pops>, 8>(instruction, out) ||
           bind_with_last<fcom_register<QuietNans::Invalid, pops>>(instruction, out);
}
template <unsigned pops>
bool bind_ficom(const Instruction& instruction, OpBuilder& out) {
    return bind_memory<fcom_memory<i16, pops>, 2>(instruction, out) ||
           bind_memory<fcom_memory<i32, pops>, 4>(instruction, out);
}

constexpr auto quiet = QuietNans::Allowed;
constexpr auto signaling = QuietNans::Invalid;

constexpr std::array rows = {
    BinderRow{ZYDIS_MNEMONIC_FCOM, &bind_fcom<0>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FCOMP, &bind_fcom<1>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FCOMPP, &bind_with_st1<fcom_register<signaling, 2>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FUCOM, &bind_with_last<fcom_register<quiet, 0>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FUCOMP, &bind_with_last<fcom_register<quiet, 1>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FUCOMPP, &bind_with_st1<fcom_register<quiet, 2>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FICOM, &bind_ficom<0>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FICOMP, &bind_ficom<1>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FCOMI, &bind_with_last<fcomi<signaling, 0>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FCOMIP, &bind_with_last<fcomi<signaling, 1>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FUCOMI, &bind_with_last<fcomi<quiet, 0>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FUCOMIP, &bind_with_last<fcomi<quiet, 1>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FTST, &bind_plain<ftst>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FXAM, &bind_plain<fxam>, Unit::X87},
};

}  // namespace

std::span<const BinderRow> compare_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::x87
