// SPDX-License-Identifier: MIT
// Exceptions and interrupts by the interrupt vector table: in real mode, and in virtual-8086 mode
// for software interrupts that are redirected to the program itself. [intel/vol3]: 21.1.4, 21.3.3
#include <array>
#include <span>

#include "sim/isa/x86/event.h"
#include "sim/isa/x86/far_stack.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/real_segments.h"
#include "sim/isa/x86/segmentation.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Rflags;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;

/// An entry of the table: where the handler is.
struct Vector {
    u16 offset = 0;
    u16 selector = 0;
};

/// What is pushed, from the top of the stack downwards.
std::array<u64, 3> frame_of(const Cpu& cpu, const Event& event, u64 flags) {
    return {event.return_rip, cpu.segment(SegmentRegister::Cs).selector, flags};
}

/// As push_frame, by the processor itself: a frame cannot be tried again, as an instruction's
/// accesses to devices and watched addresses are.
bool push_implicitly(Cpu& cpu, std::span<const u64> words) {
    const u64 bytes = words.size() * sizeof(u16);
    const u64 top = (cpu.gpr[Gpr::Rsp] - bytes) & low_mask(stack_bits(cpu));
    VirtualAddress base;
    if (!segmented_address(cpu, SegmentRegister::Ss, top, bytes, SegmentAccess::Write, base)) {
        return false;
    }
    for (u64 i = 0; i < words.size(); ++i) {
        // Without paging no access faults.
        if (!cpu.mmu.write_system(base + i * sizeof(u16), static_cast<u16>(words[i]))) {
            return system_fault(cpu);
        }
    }
    set_stack_pointer(cpu, top);
    return true;
}

}  // namespace

bool deliver_in_real_mode(Cpu& cpu, const Event& event) {
    const u64 offset = event.vector * sizeof(Vector);
    if (offset + sizeof(Vector) - 1 > cpu.idtr.limit) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    Vector vector;
    if (!cpu.mmu.read_system(VirtualAddress{static_cast<u32>(cpu.idtr.base + offset)}, vector)) {
        return system_fault(cpu);
    }
    if (!push_implicitly(cpu, frame_of(cpu, event, event.saved_rflags))) {
        return false;
    }
    load_real_code_segment(cpu, vector.selector);
    cpu.rip = vector.offset;
    constexpr u64 cleared =
        Rflags::interrupt.mask | Rflags::tf.mask | Rflags::ac.mask | Rflags::rf.mask;
    cpu.set_rflags(cpu.rflags() & ~cleared);
    return true;
}

bool redirect_to_virtual_8086(Cpu& cpu, const Event& event) {
    Vector vector;
    if (!cpu.mmu.read(VirtualAddress{event.vector * sizeof(Vector)}, vector)) {
        return system_fault(cpu);
    }
    // Where IF is not the program's own, it sees VIF in its place. [intel/vol3]: table 21-2
    constexpr unsigned highest_iopl = 3;
    const bool virtual_flag = cpu.iopl() < highest_iopl;
    u64 flags = event.saved_rflags;
    if (virtual_flag) {
        flags = Rflags::interrupt.set(flags, Rflags::vif.get(flags));
        flags = Rflags::iopl.set(flags, highest_iopl);
    }
    if (!push_frame(cpu, frame_of(cpu, event, flags), sizeof(u16))) {
        return false;
    }
    load_real_code_segment(cpu, vector.selector);
    cpu.rip = vector.offset;
    const u64 enable = virtual_flag ? Rflags::vif.mask : Rflags::interrupt.mask;
    cpu.set_rflags(cpu.rflags() & ~(enable | Rflags::tf.mask | Rflags::rf.mask));
    return true;
}

}  // namespace ringfence::sim::isa::x86
