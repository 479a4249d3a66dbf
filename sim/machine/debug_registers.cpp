// SPDX-License-Identifier: MIT
#include "sim/machine/debug_registers.h"

#include <cstring>

#include "sim/cpu/cpu.h"

namespace ringfence::sim::machine {

using arch::x86::Rflags;
using cpu::Gpr;
using cpu::SegmentRegister;

namespace {

void read_fpu(const cpu::FpuState& fpu, DebugRegisters& out) {
    for (unsigned i = 0; i < out.st.size(); ++i) {
        const cpu::Float80Image image = fpu.register_image(i);
        std::memcpy(out.st[i].data(), &image, sizeof image);
    }
    out.x87_control = fpu.control;
    out.x87_status = fpu.status;
    out.x87_tags = fpu.full_tags();
    out.x87_opcode = fpu.last_opcode;
    out.x87_instruction = fpu.last_instruction_pointer;
    out.x87_data = fpu.last_data_pointer;
    out.mxcsr = fpu.mxcsr;
    for (unsigned i = 0; i < out.xmm.size(); ++i) {
        std::memcpy(out.xmm[i].data(), &fpu.xmm[i], out.xmm[i].size());
        std::memcpy(out.upper[i].data(), &fpu.upper[i], out.upper[i].size());
    }
}

void write_fpu(cpu::FpuState& fpu, const DebugRegisters& wanted) {
    fpu.status = wanted.x87_status;  // decides which register is ST(0)
    for (unsigned i = 0; i < wanted.st.size(); ++i) {
        cpu::Float80Image image{};
        std::memcpy(&image, wanted.st[i].data(), sizeof image);
        fpu.load_register(i, image);
    }
    fpu.control = static_cast<u16>((wanted.x87_control & cpu::x87_control::writable) |
                                   cpu::x87_control::always_set);
    fpu.set_full_tags(wanted.x87_tags);
    fpu.last_opcode = wanted.x87_opcode;
    fpu.last_instruction_pointer = wanted.x87_instruction;
    fpu.last_data_pointer = wanted.x87_data;
    fpu.update_error_summary();
    fpu.mxcsr = wanted.mxcsr;
    for (unsigned i = 0; i < wanted.xmm.size(); ++i) {
        std::memcpy(&fpu.xmm[i], wanted.xmm[i].data(), wanted.xmm[i].size());
        std::memcpy(&fpu.upper[i], wanted.upper[i].data(), wanted.upper[i].size());
    }
}

/// The values of `wanted` that can be written, over those of `now`.
DebugRegisters writable_part(const DebugRegisters& now, const DebugRegisters& wanted) {
    DebugRegisters result = wanted;
    result.selectors = now.selectors;
    result.bases = now.bases;
    result.bases[DebugRegisters::Fs] = wanted.bases[DebugRegisters::Fs];
    result.bases[DebugRegisters::Gs] = wanted.bases[DebugRegisters::Gs];
    result.cr0 = now.cr0;
    result.cr3 = now.cr3;
    result.cr4 = now.cr4;
    result.cr8 = now.cr8;
    result.efer = now.efer;
    result.cpl = now.cpl;
    result.code64 = now.code64;
    return result;
}

/// [intel/vol1]: 3.3.7.1: a base that is not canonical cannot be loaded.
bool is_possible(const cpu::Cpu& cpu, const DebugRegisters& wanted) {
    const auto canonical = [&](u64 address) {
        return cpu.mmu.state().is_canonical(VirtualAddress{address});
    };
    constexpr u64 fixed = Rflags::vm.mask;
    return (wanted.mxcsr & ~cpu::mxcsr::writable) == 0 &&
           ((wanted.rflags ^ cpu.rflags()) & fixed) == 0 && canonical(wanted.rip) &&
           canonical(wanted.bases[DebugRegisters::Fs]) &&
           canonical(wanted.bases[DebugRegisters::Gs]) && canonical(wanted.kernel_gs_base);
}

}  // namespace

DebugRegisters read_registers(const cpu::Cpu& cpu) {
    DebugRegisters out;
    for (u8 i = 0; i < out.general.size(); ++i) {
        out.general[i] = cpu.gpr[static_cast<Gpr>(i)];
    }
    out.rip = cpu.rip;
    out.rflags = cpu.rflags();
    for (u8 i = 0; i < out.selectors.size(); ++i) {
        out.selectors[i] = cpu.segment(static_cast<SegmentRegister>(i)).selector;
        out.bases[i] = cpu.gpr.base(static_cast<SegmentRegister>(i));
    }
    out.kernel_gs_base = cpu.msr.kernel_gs_base;
    out.cr0 = cpu.cr0();
    out.cr2 = cpu.cr2;
    out.cr3 = cpu.cr3();
    out.cr4 = cpu.cr4();
    out.cr8 = cpu.interrupts.task_priority_class();
    out.efer = cpu.efer();
    read_fpu(cpu.fpu, out);
    out.cpl = cpu.cpl();
    out.code64 = cpu.code64();
    return out;
}

bool write_registers(cpu::Cpu& cpu, const DebugRegisters& wanted) {
    const DebugRegisters now = read_registers(cpu);
    if (writable_part(now, wanted) != wanted || !is_possible(cpu, wanted)) {
        return false;
    }
    for (u8 i = 0; i < wanted.general.size(); ++i) {
        cpu.gpr[static_cast<Gpr>(i)] = wanted.general[i];
    }
    cpu.rip = wanted.rip;
    cpu.set_rflags(wanted.rflags);
    cpu.gpr.set_base(SegmentRegister::Fs, wanted.bases[DebugRegisters::Fs]);
    cpu.gpr.set_base(SegmentRegister::Gs, wanted.bases[DebugRegisters::Gs]);
    cpu.msr.kernel_gs_base = wanted.kernel_gs_base;
    cpu.cr2 = wanted.cr2;
    write_fpu(cpu.fpu, wanted);
    return true;
}

}  // namespace ringfence::sim::machine
