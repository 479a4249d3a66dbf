// SPDX-License-Identifier: MIT
#include "sim/isa/x86/virtual_interrupts.h"

#include "arch/x86/task_state_segment.h"
#include "sim/isa/x86/operands.h"

namespace ringfence::sim::isa::x86 {

using arch::x86::Cr4;
using arch::x86::Rflags;
using arch::x86::TaskStateSegment64Offset;
using cpu::ExceptionVector;

namespace {

constexpr unsigned highest_iopl = 3;

bool general_protection(Cpu& cpu) {
    return cpu.raise(ExceptionVector::GeneralProtection);
}

/// Whether VIF stands in for IF: only for 16-bit forms.
bool uses_virtual_flag(const Cpu& cpu, unsigned bytes) {
    return interrupt_control(cpu) == InterruptControl::Virtual && bytes == sizeof(u16);
}

/// The bit of `vector` in the map of 32 bytes below the I/O permission bitmap.
/// [intel/vol3]: 21.3.3.4, figure 21-5
bool read_redirection_bit(Cpu& cpu, u8 vector, bool& out) {
    constexpr u64 map_bytes = 32;
    u16 map_end;
    if (!cpu.task.usable ||
        TaskStateSegment64Offset::io_map_base + sizeof(map_end) - 1 > cpu.task.limit) {
        return general_protection(cpu);
    }
    const VirtualAddress task{cpu.task.base};
    if (!cpu.mmu.read_system(task + TaskStateSegment64Offset::io_map_base, map_end)) {
        return system_fault(cpu);
    }
    const u64 offset = u64{map_end} - map_bytes + vector / 8;
    u8 bits;
    if (map_end < map_bytes || offset > cpu.task.limit) {
        return general_protection(cpu);
    }
    if (!cpu.mmu.read_system(task + offset, bits)) {
        return system_fault(cpu);
    }
    out = (bits >> (vector % 8) & 1) != 0;
    return true;
}

}  // namespace

bool flags_for_virtual_8086(Cpu& cpu, unsigned bytes, u64& out) {
    const u64 flags = cpu.rflags() & ~(Rflags::rf.mask | Rflags::vm.mask);
    if (cpu.iopl() == highest_iopl) {
        out = flags;
        return true;
    }
    if (!uses_virtual_flag(cpu, bytes)) {
        return general_protection(cpu);
    }
    out = Rflags::iopl.set(Rflags::interrupt.set(flags, Rflags::vif.get(flags)), highest_iopl);
    return true;
}

bool flags_from_virtual_8086(Cpu& cpu, u64 image, unsigned bytes, u64& out) {
    u64 loaded = Rflags::status | Rflags::tf.mask | Rflags::df.mask | Rflags::nt.mask;
    if (bytes > sizeof(u16)) {
        loaded |= Rflags::ac.mask | Rflags::id.mask;
    }
    const u64 now = cpu.rflags();
    if (cpu.iopl() == highest_iopl) {
        loaded |= Rflags::interrupt.mask;
        out = (now & ~loaded) | (image & loaded);
        return true;
    }
    // An interrupt that waits must not be missed, and a step trap not be virtual.
    const bool overdue = Rflags::vip.test(now) && Rflags::interrupt.test(image);
    if (!uses_virtual_flag(cpu, bytes) || overdue || Rflags::tf.test(image)) {
        return general_protection(cpu);
    }
    out = Rflags::vif.set((now & ~loaded) | (image & loaded), Rflags::interrupt.get(image));
    return true;
}

bool find_redirection(Cpu& cpu, u8 vector, Redirection& out) {
    out = Redirection::ProtectedMode;
    const bool privileged = cpu.iopl() == highest_iopl;
    if (!Cr4::vme.test(cpu.cr4())) {
        return privileged || general_protection(cpu);
    }
    bool to_protected_mode;
    if (!read_redirection_bit(cpu, vector, to_protected_mode)) {
        return false;
    }
    if (to_protected_mode) {
        return privileged || general_protection(cpu);
    }
    out = Redirection::Program;
    return true;
}

}  // namespace ringfence::sim::isa::x86
