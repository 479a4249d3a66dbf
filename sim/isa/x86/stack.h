// SPDX-License-Identifier: MIT
// Pushes and pops. [intel/vol1]: 6.2
#pragma once

#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/segmentation.h"

namespace ringfence::sim::isa::x86 {

/// How the stack pointer is used. In 64-bit mode it is RSP, and SS has no base; elsewhere ESP or
/// SP, relative to SS.
enum class StackKind : u8 { Long, Legacy };

inline StackKind stack_kind(u32 mode) {
    return cpu::ExecutionMode::code64.test(mode) ? StackKind::Long : StackKind::Legacy;
}

/// `rsp` as the stack width of legacy modes sees it.
inline u64 narrow_stack_pointer(const Cpu& cpu, u64 rsp) {
    return cpu::ExecutionMode::stack32.test(cpu.mode()) ? static_cast<u32>(rsp)
                                                        : static_cast<u16>(rsp);
}

/// The linear address of `bytes` at stack offset `rsp`. False, outside 64-bit mode only: they are
/// not in the stack segment, and cpu.pending holds #SS(0).
template <StackKind kind>
RF_ALWAYS_INLINE bool stack_address(Cpu& cpu, u64 rsp, unsigned bytes, SegmentAccess access,
                                    VirtualAddress& out) {
    if constexpr (kind == StackKind::Long) {
        out = VirtualAddress{rsp};
        return true;
    } else {
        return segmented_address(cpu, cpu::SegmentRegister::Ss, narrow_stack_pointer(cpu, rsp),
                                 bytes, access, out);
    }
}

template <StackKind kind>
RF_ALWAYS_INLINE void set_stack_pointer(Cpu& cpu, u64 rsp) {
    constexpr Slot slot = cpu::slot_of(cpu::Gpr::Rsp);
    if constexpr (kind == StackKind::Long) {
        cpu.gpr.set<u64>(slot, rsp);
    } else if (cpu::ExecutionMode::stack32.test(cpu.mode())) {
        cpu.gpr.set<u32>(slot, static_cast<u32>(rsp));
    } else {
        cpu.gpr.set<u16>(slot, static_cast<u16>(rsp));
    }
}

/// Whether a word can be written at stack offset `rsp`: then `write_stack` cannot fail.
template <StackKind kind, typename T>
bool probe_stack(Cpu& cpu, u64 rsp) {
    VirtualAddress address;
    return stack_address<kind>(cpu, rsp, sizeof(T), SegmentAccess::Write, address) &&
           (cpu.mmu.probe_write(address, sizeof(T), mmu::Reference::Stack) || system_fault(cpu));
}

template <StackKind kind, typename T>
RF_ALWAYS_INLINE bool write_stack(Cpu& cpu, u64 rsp, T value) {
    VirtualAddress address;
    if (!stack_address<kind>(cpu, rsp, sizeof(T), SegmentAccess::Write, address)) {
        return false;
    }
    if (RF_UNLIKELY(!cpu.mmu.write(address, value, mmu::Reference::Stack))) {
        return system_fault(cpu);
    }
    return true;
}

/// Writes below the stack pointer, then moves it. On a fault it has not moved.
template <StackKind kind, typename T>
RF_ALWAYS_INLINE bool push(Cpu& cpu, T value) {
    const u64 rsp = cpu.gpr[cpu::Gpr::Rsp] - sizeof(T);
    if (RF_UNLIKELY((!write_stack<kind, T>(cpu, rsp, value)))) {
        return false;
    }
    set_stack_pointer<kind>(cpu, rsp);
    return true;
}

/// Reads at stack offset `rsp`.
template <StackKind kind, typename T>
RF_ALWAYS_INLINE bool read_stack_at(Cpu& cpu, u64 rsp, T& out) {
    VirtualAddress address;
    if (!stack_address<kind>(cpu, rsp, sizeof(T), SegmentAccess::Read, address)) {
        return false;
    }
    if (RF_UNLIKELY(!cpu.mmu.read(address, out, mmu::Reference::Stack))) {
        return system_fault(cpu);
    }
    return true;
}

/// Reads at `bytes_above` the stack pointer, which stays.
template <StackKind kind, typename T>
RF_ALWAYS_INLINE bool read_stack(Cpu& cpu, T& out, u64 bytes_above = 0) {
    return read_stack_at<kind>(cpu, cpu.gpr[cpu::Gpr::Rsp] + bytes_above, out);
}

template <StackKind kind>
RF_ALWAYS_INLINE void release_stack(Cpu& cpu, u64 bytes) {
    set_stack_pointer<kind>(cpu, cpu.gpr[cpu::Gpr::Rsp] + bytes);
}

}  // namespace ringfence::sim::isa::x86
