// SPDX-License-Identifier: MIT
// Instructions on single flags and on the flags register. [intel/vol1]: 7.3.13
#include "arch/x86/cr4.h"
#include "sim/isa/x86/alu.h"
#include "sim/isa/x86/stack.h"
#include "sim/isa/x86/virtual_interrupts.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Rflags;
using cpu::ExceptionVector;

void cmc(Cpu& cpu, const Op& /*op*/) {
    cpu.flags.set_cf(!cpu.flags.cf());
}
void clc(Cpu& cpu, const Op& /*op*/) {
    cpu.flags.set_cf(false);
}
void stc(Cpu& cpu, const Op& /*op*/) {
    cpu.flags.set_cf(true);
}
void cld(Cpu& cpu, const Op& /*op*/) {
    cpu.direction = 1;
}
void set_direction(Cpu& cpu, const Op& /*op*/) {
    cpu.direction = -1;
}

constexpr Slot ah_slot = cpu::slot_of(cpu::Gpr::Rax) + 1;

void lahf(Cpu& cpu, const Op& /*op*/) {
    cpu.gpr.set<u8>(ah_slot, static_cast<u8>(cpu.flags.to_rflags() | Rflags::fixed_one.mask));
}

/// SF, ZF, AF, PF and CF from AH; OF stays.
void sahf(Cpu& cpu, const Op& /*op*/) {
    const u64 overflow = cpu.flags.to_rflags() & Rflags::of.mask;
    cpu.flags.load((cpu.gpr.get<u8>(ah_slot) & ~Rflags::of.mask) | overflow);
}

/// RF and VM read as zero.
template <StackKind kind, typename T>
bool pushf(Cpu& cpu, const Op& /*op*/) {
    u64 image = cpu.rflags() & ~(Rflags::rf.mask | Rflags::vm.mask);
    if (cpu.virtual_8086() && !flags_for_virtual_8086(cpu, sizeof(T), image)) {
        return false;
    }
    return push<kind>(cpu, static_cast<T>(image));
}

/// What POPF may change at this privilege. [intel/vol2]: POPF, table 4-15
u64 changeable_by_popf(const Cpu& cpu) {
    u64 mask = Rflags::status | Rflags::tf.mask | Rflags::df.mask | Rflags::nt.mask |
               Rflags::ac.mask | Rflags::id.mask;
    if (cpu.cpl() == 0) {
        mask |= Rflags::iopl.mask;
    }
    if (cpu.cpl() <= cpu.iopl()) {
        mask |= Rflags::interrupt.mask;
    }
    return mask;
}

template <StackKind kind, typename T>
bool popf(Cpu& cpu, const Op& /*op*/) {
    T image;
    if (!read_stack<kind>(cpu, image)) {
        return false;
    }
    u64 mask = changeable_by_popf(cpu);
    if constexpr (sizeof(T) == 2) {
        mask &= low_mask(16);
    }
    u64 rflags = (cpu.rflags() & ~mask & ~Rflags::rf.mask) | (u64{image} & mask);
    if (cpu.virtual_8086() && !flags_from_virtual_8086(cpu, image, sizeof(T), rflags)) {
        return false;
    }
    release_stack<kind>(cpu, sizeof(T));
    cpu.set_rflags(rflags);
    return true;
}

/// IF, or VIF in its place; None if the program may touch neither: then #GP(0) is pending.
InterruptControl require_interrupt_control(Cpu& cpu) {
    const InterruptControl control = interrupt_control(cpu);
    if (control == InterruptControl::None) {
        cpu.raise(ExceptionVector::GeneralProtection);
    }
    return control;
}

bool cli(Cpu& cpu, const Op& /*op*/) {
    const InterruptControl control = require_interrupt_control(cpu);
    if (control == InterruptControl::None) {
        return false;
    }
    const bool own = control == InterruptControl::Own;
    cpu.set_rflags(cpu.rflags() & ~(own ? Rflags::interrupt.mask : Rflags::vif.mask));
    return true;
}

/// Interrupts wait for one more instruction if they were off before. [intel/vol2]: STI
bool sti(Cpu& cpu, const Op& /*op*/) {
    const InterruptControl control = require_interrupt_control(cpu);
    if (control == InterruptControl::Own) {
        cpu.interrupt_shadow = !cpu.interrupts_enabled();
        cpu.set_rflags(cpu.rflags() | Rflags::interrupt.mask);
        return true;
    }
    if (control == InterruptControl::Virtual && Rflags::vip.test(cpu.rflags())) {
        return cpu.raise(ExceptionVector::GeneralProtection);  // the interrupt is due now
    }
    cpu.set_rflags(cpu.rflags() | (control == InterruptControl::Virtual ? Rflags::vif.mask : 0));
    return control == InterruptControl::Virtual;
}

bool set_alignment_check(Cpu& cpu, bool value) {
    if (cpu.cpl() != 0) {
        return cpu.raise(ExceptionVector::InvalidOpcode);
    }
    const u64 others = cpu.rflags() & ~Rflags::ac.mask;
    cpu.set_rflags(others | Rflags::ac.make(value ? 1 : 0));
    return true;
}

bool clac(Cpu& cpu, const Op& /*op*/) {
    return set_alignment_check(cpu, false);
}
bool stac(Cpu& cpu, const Op& /*op*/) {
    return set_alignment_check(cpu, true);
}

template <auto semantics>
bool bind_plain(const Instruction& /*in*/, OpBuilder& out) {
    return out.straight<semantics>();
}

template <auto semantics>
bool bind_serializing(const Instruction& /*in*/, OpBuilder& out) {
    return out.serialize<semantics>();
}

template <typename T>
bool bind_pushf(const Instruction& in, OpBuilder& out) {
    return in.code64() ? out.straight<pushf<StackKind::Long, T>>()
                       : out.straight<pushf<StackKind::Legacy, T>>();
}

template <typename T>
bool bind_popf(const Instruction& in, OpBuilder& out) {
    return in.code64() ? out.serialize<popf<StackKind::Long, T>>()
                       : out.serialize<popf<StackKind::Legacy, T>>();
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_CMC, bind_plain<cmc>},           {ZYDIS_MNEMONIC_CLC, bind_plain<clc>},
    {ZYDIS_MNEMONIC_STC, bind_plain<stc>},           {ZYDIS_MNEMONIC_CLD, bind_plain<cld>},
    {ZYDIS_MNEMONIC_STD, bind_plain<set_direction>}, {ZYDIS_MNEMONIC_LAHF, bind_plain<lahf>},
    {ZYDIS_MNEMONIC_SAHF, bind_plain<sahf>},         {ZYDIS_MNEMONIC_PUSHF, bind_pushf<u16>},
    {ZYDIS_MNEMONIC_PUSHFD, bind_pushf<u32>},        {ZYDIS_MNEMONIC_PUSHFQ, bind_pushf<u64>},
    {ZYDIS_MNEMONIC_POPF, bind_popf<u16>},           {ZYDIS_MNEMONIC_POPFD, bind_popf<u32>},
    {ZYDIS_MNEMONIC_POPFQ, bind_popf<u64>},          {ZYDIS_MNEMONIC_CLI, bind_plain<cli>},
    {ZYDIS_MNEMONIC_STI, bind_serializing<sti>},     {ZYDIS_MNEMONIC_CLAC, bind_serializing<clac>},
    {ZYDIS_MNEMONIC_STAC, bind_serializing<stac>},
};

}  // namespace

std::span<const BinderRow> flag_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
