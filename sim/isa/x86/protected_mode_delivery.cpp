// SPDX-License-Identifier: MIT
// Exceptions and interrupts in protected mode outside long mode: 8-byte gates of 16 and 32 bits,
// and task gates. [intel/vol3]: 6.11, 6.12; [intel/vol2]: INT n, "Operation"
#include "arch/x86/idt_gate.h"
#include "sim/isa/x86/event.h"
#include "sim/isa/x86/far_transfer.h"
#include "sim/isa/x86/legacy_stack.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/task_switch.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Gate;
using arch::x86::Rflags;
using arch::x86::SystemSegmentType;
using cpu::ExceptionVector;
using cpu::SegmentRegister;

SystemSegmentType type_of(u64 gate) {
    return static_cast<SystemSegmentType>(Gate::type.get(gate));
}

bool is_interrupt_gate(SystemSegmentType type) {
    return type == SystemSegmentType::InterruptGate || type == SystemSegmentType::InterruptGate16;
}
bool is_trap_gate(SystemSegmentType type) {
    return type == SystemSegmentType::TrapGate || type == SystemSegmentType::TrapGate16;
}
bool is_32_bit_gate(SystemSegmentType type) {
    return type == SystemSegmentType::InterruptGate || type == SystemSegmentType::TrapGate;
}

bool read_gate(Cpu& cpu, const Event& event, u64& gate) {
    const u64 offset = u64{event.vector} * sizeof(gate);
    if (offset + sizeof(gate) - 1 > cpu.idtr.limit) {
        return cpu.raise(ExceptionVector::GeneralProtection, event.gate_error());
    }
    if (!cpu.mmu.read_system(VirtualAddress{static_cast<u32>(cpu.idtr.base + offset)}, gate)) {
        return system_fault(cpu);
    }
    const SystemSegmentType type = type_of(gate);
    const bool usable =
        is_interrupt_gate(type) || is_trap_gate(type) || type == SystemSegmentType::TaskGate;
    if (!usable || (event.software && Gate::dpl.get(gate) < cpu.cpl())) {
        return cpu.raise(ExceptionVector::GeneralProtection, event.gate_error());
    }
    return Gate::present.test(gate) ||
           cpu.raise(ExceptionVector::SegmentNotPresent, event.gate_error());
}

/// The handler's code segment, and where in it. `cpl` becomes the level at which it runs.
bool find_handler(Cpu& cpu, const Event& event, u64 gate, CodeTarget& out, unsigned& cpl) {
    out.selector = static_cast<u16>(Gate::selector.get(gate));
    out.rip = is_32_bit_gate(type_of(gate)) ? Gate::offset32(gate) : Gate::offset16(gate);
    if (Selector::is_null(out.selector)) {
        return cpu.raise(ExceptionVector::GeneralProtection, event.external());
    }
    const u32 error = selector_error(out.selector) | event.external();
    VirtualAddress address;
    if (!locate_descriptor(cpu, out.selector, sizeof(u64), address)) {
        return cpu.raise(ExceptionVector::GeneralProtection, error);
    }
    if (!cpu.mmu.read_system(address, out.descriptor)) {
        return system_fault(cpu);
    }
    // A virtual-8086 program is left for the most privileged level only. [intel/vol3]: 21.3.1.1
    const bool too_weak = cpu.virtual_8086() && (out.conforming() || out.dpl() != 0);
    if (!is_code(out.descriptor) || out.dpl() > cpu.cpl() || too_weak) {
        return cpu.raise(ExceptionVector::GeneralProtection, error);
    }
    cpl = out.conforming() ? cpu.cpl() : out.dpl();
    return SegmentDescriptor::present.test(out.descriptor) ||
           cpu.raise(ExceptionVector::SegmentNotPresent, error);
}

/// The words of the frame in memory order: error code, EIP, CS, EFLAGS, the stack that is left, and
/// the data segments of a virtual-8086 program. Pushes the part of it that this event has.
bool push_event_frame(Cpu& cpu, const Event& event, unsigned bytes, bool leaves_stack,
                      LegacyStack& stack) {
    constexpr usize with_stack = 6;
    constexpr usize without_stack = 4;
    const auto selector = [&](SegmentRegister which) { return cpu.segment(which).selector; };
    const u64 words[] = {event.error_code,
                         event.return_rip,
                         selector(SegmentRegister::Cs),
                         event.saved_rflags,
                         cpu.gpr[cpu::Gpr::Rsp],
                         selector(SegmentRegister::Ss),
                         selector(SegmentRegister::Es),
                         selector(SegmentRegister::Ds),
                         selector(SegmentRegister::Fs),
                         selector(SegmentRegister::Gs)};
    const usize first = event.has_error_code ? 0 : 1;
    const usize end = cpu.virtual_8086() ? std::size(words)
                      : leaves_stack     ? with_stack
                                         : without_stack;
    const u32 error = leaves_stack ? selector_error(stack.segment.selector) : 0;
    return push_words(cpu, stack, std::span{words}.subspan(first, end - first), bytes,
                      error | event.external());
}

bool go_through_gate(Cpu& cpu, const Event& event, u64 gate) {
    CodeTarget handler;
    unsigned cpl = 0;
    if (!find_handler(cpu, event, gate, handler, cpl)) {
        return false;
    }
    const SystemSegmentType type = type_of(gate);
    const unsigned bytes = is_32_bit_gate(type) ? sizeof(u32) : sizeof(u16);
    const bool inner = cpl < cpu.cpl();
    LegacyStack stack = LegacyStack::current(cpu);
    if (inner && !find_inner_stack(cpu, cpl, event.external(), stack)) {
        return false;
    }
    if (!push_event_frame(cpu, event, bytes, inner, stack)) {
        return false;
    }
    if (handler.rip > SegmentDescriptor::limit(handler.descriptor)) {
        return cpu.raise(ExceptionVector::GeneralProtection, event.external());
    }
    if (!mark_accessed(cpu, handler.selector, handler.descriptor) ||
        (inner && !mark_accessed(cpu, stack.segment.selector, stack.segment.descriptor))) {
        return false;
    }
    u64 cleared = Rflags::tf.mask | Rflags::nt.mask | Rflags::rf.mask | Rflags::vm.mask;
    cleared |= is_interrupt_gate(type) ? Rflags::interrupt.mask : 0;
    const bool leaves_virtual_8086 = cpu.virtual_8086();
    cpu.set_rflags(cpu.rflags() & ~cleared);
    enter_code(cpu, handler, cpl);
    load_legacy_stack(cpu, stack);
    if (leaves_virtual_8086) {
        for (const SegmentRegister which :
             {SegmentRegister::Es, SegmentRegister::Ds, SegmentRegister::Fs, SegmentRegister::Gs}) {
            cpu.set_segment(which, null_segment(0), 0);
        }
    }
    return true;
}

}  // namespace

bool deliver_in_protected_mode(Cpu& cpu, const Event& event) {
    u64 gate;
    if (!read_gate(cpu, event, gate)) {
        return false;
    }
    if (type_of(gate) != SystemSegmentType::TaskGate) {
        return go_through_gate(cpu, event, gate);
    }
    TaskSwitch to{.selector = static_cast<u16>(Gate::selector.get(gate)),
                  .how = TaskSwitch::How::Event,
                  .return_rip = event.return_rip,
                  .saved_rflags = event.saved_rflags,
                  .external = event.external(),
                  .error_code = {}};
    if (event.has_error_code) {
        to.error_code = event.error_code;
    }
    return switch_task(cpu, to);
}

}  // namespace ringfence::sim::isa::x86
