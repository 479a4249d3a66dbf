// SPDX-License-Identifier: MIT
// Exceptions and interrupts in long mode: 16-byte gates, 64-bit handlers, the interrupt stack
// table. [intel/vol3]: 6.14
#include "arch/x86/idt_gate.h"
#include "arch/x86/task_state_segment.h"
#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/event.h"
#include "sim/isa/x86/operands.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::IdtGate64;
using arch::x86::Rflags;
using arch::x86::SystemSegmentType;
using arch::x86::TaskStateSegment64Offset;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;

/// Where delivery leads.
struct Target {
    IdtGate64 gate{};
    u16 selector = 0;
    u64 descriptor = 0;
    unsigned cpl = 0;
    u64 stack = 0;
    bool switches_privilege = false;
};

bool read_gate(Cpu& cpu, const Event& event, IdtGate64& gate) {
    const u32 error = event.gate_error();
    const u64 offset = u64{event.vector} * sizeof(IdtGate64);
    if (offset + sizeof(IdtGate64) - 1 > cpu.idtr.limit) {
        return cpu.raise(ExceptionVector::GeneralProtection, error);
    }
    const VirtualAddress address{cpu.idtr.base + offset};
    if (!cpu.mmu.read_system(address, gate.low) ||
        !cpu.mmu.read_system(address + sizeof(u64), gate.high)) {
        return system_fault(cpu);
    }
    const auto type = static_cast<SystemSegmentType>(IdtGate64::type.get(gate.low));
    const bool usable =
        type == SystemSegmentType::InterruptGate || type == SystemSegmentType::TrapGate;
    if (!usable || (event.software && IdtGate64::dpl.get(gate.low) < cpu.cpl())) {
        return cpu.raise(ExceptionVector::GeneralProtection, error);
    }
    if (!IdtGate64::present.test(gate.low)) {
        return cpu.raise(ExceptionVector::SegmentNotPresent, error);
    }
    return true;
}

/// Checks the gate's code segment and decides the new CPL. [intel/vol2]: INT n, "INTERRUPT-GATE"
bool choose_code_segment(Cpu& cpu, const Event& event, Target& target) {
    target.selector = static_cast<u16>(IdtGate64::selector.get(target.gate.low));
    if (Selector::is_null(target.selector)) {
        return cpu.raise(ExceptionVector::GeneralProtection, event.external());
    }
    const u32 error = selector_error(target.selector) | event.external();
    VirtualAddress address;
    if (!locate_descriptor(cpu, target.selector, sizeof(u64), address)) {
        return cpu.raise(ExceptionVector::GeneralProtection, error);
    }
    if (!cpu.mmu.read_system(address, target.descriptor)) {
        return system_fault(cpu);
    }
    const u64 descriptor = target.descriptor;
    const auto dpl = static_cast<unsigned>(SegmentDescriptor::dpl.get(descriptor));
    if (!SegmentDescriptor::code_or_data.test(descriptor) ||
        !SegmentDescriptor::code.test(descriptor) || dpl > cpu.cpl() ||
        !SegmentDescriptor::long_mode.test(descriptor) ||
        SegmentDescriptor::default_big.test(descriptor)) {
        return cpu.raise(ExceptionVector::GeneralProtection, error);
    }
    if (!SegmentDescriptor::present.test(descriptor)) {
        return cpu.raise(ExceptionVector::SegmentNotPresent, error);
    }
    target.cpl = SegmentDescriptor::conforming.test(descriptor) ? cpu.cpl() : dpl;
    target.switches_privilege = target.cpl < cpu.cpl();
    return true;
}

bool read_tss_stack(Cpu& cpu, const Event& event, u64 offset, u64& out) {
    if (!cpu.task.usable || offset + sizeof(u64) - 1 > cpu.task.limit) {
        return cpu.raise(ExceptionVector::InvalidTss,
                         selector_error(cpu.task.selector) | event.external());
    }
    return cpu.mmu.read_system(VirtualAddress{cpu.task.base + offset}, out) || system_fault(cpu);
}

/// [intel/vol3]: 6.14.2, 6.14.5
bool choose_stack(Cpu& cpu, const Event& event, Target& target) {
    const auto ist = static_cast<unsigned>(IdtGate64::ist.get(target.gate.low));
    target.stack = cpu.gpr[Gpr::Rsp];
    if (ist != 0 && !read_tss_stack(cpu, event, TaskStateSegment64Offset::ist(ist), target.stack)) {
        return false;
    }
    if (ist == 0 && target.switches_privilege &&
        !read_tss_stack(cpu, event, TaskStateSegment64Offset::rsp(target.cpl), target.stack)) {
        return false;
    }
    constexpr u64 frame_alignment = 16;
    target.stack = align_down(target.stack, frame_alignment);
    return true;
}

/// Pushes the frame with the new privilege; nothing is written unless all of it can be.
bool push_frame(Cpu& cpu, const Event& event, const Target& target, u64& new_rsp) {
    const u64 words[] = {
        event.error_code,   event.return_rip,  cpu.segment(SegmentRegister::Cs).selector,
        event.saved_rflags, cpu.gpr[Gpr::Rsp], cpu.segment(SegmentRegister::Ss).selector};
    const unsigned first = event.has_error_code ? 0 : 1;
    const u64 bytes = (std::size(words) - first) * sizeof(u64);
    new_rsp = target.stack - bytes;
    const VirtualAddress base{new_rsp};
    // Frames for CPL 3 (a DPL 3 code segment in a gate) obey user rights; all others are supervisor
    // accesses, whatever the interrupted code was.
    const bool user = target.cpl == 3;
    const auto via = mmu::Reference::Stack;
    if (!(user ? cpu.mmu.probe_write(base, bytes, via)
               : cpu.mmu.probe_write_system(base, bytes, via))) {
        system_fault(cpu);
        if (cpu.pending.vector == ExceptionVector::StackFault) {
            cpu.pending.error_code = event.external();
        }
        return false;
    }
    for (unsigned i = first; i < std::size(words); ++i) {
        const VirtualAddress address = base + (i - first) * sizeof(u64);
        if (!(user ? cpu.mmu.write(address, words[i], via)
                   : cpu.mmu.write_system(address, words[i], via))) {
            return system_fault(cpu);
        }
    }
    return true;
}

void enter_handler(Cpu& cpu, const Target& target, u64 new_rsp) {
    u64 rflags =
        cpu.rflags() & ~(Rflags::tf.mask | Rflags::nt.mask | Rflags::rf.mask | Rflags::vm.mask);
    const auto type = static_cast<SystemSegmentType>(IdtGate64::type.get(target.gate.low));
    if (type == SystemSegmentType::InterruptGate) {
        rflags &= ~Rflags::interrupt.mask;
    }
    if (target.switches_privilege) {
        cpu.set_segment(SegmentRegister::Ss, null_segment(static_cast<u16>(target.cpl)), 0);
    }
    const auto selector = static_cast<u16>((target.selector & ~Selector::rpl.mask) | target.cpl);
    cpu.set_segment(SegmentRegister::Cs, make_segment(selector, target.descriptor), 0);
    cpu.set_cpl(target.cpl);
    cpu.gpr[Gpr::Rsp] = new_rsp;
    cpu.rip = target.gate.offset();
    cpu.set_rflags(rflags);
}

}  // namespace

bool deliver_in_long_mode(Cpu& cpu, const Event& event) {
    Target target;
    if (!read_gate(cpu, event, target.gate) || !choose_code_segment(cpu, event, target) ||
        !choose_stack(cpu, event, target)) {
        return false;
    }
    if (!is_canonical(cpu, target.gate.offset())) {
        return cpu.raise(ExceptionVector::GeneralProtection, event.external());
    }
    u64 new_rsp = 0;
    if (!push_frame(cpu, event, target, new_rsp) ||
        !mark_accessed(cpu, target.selector, target.descriptor)) {
        return false;
    }
    enter_handler(cpu, target, new_rsp);
    return true;
}

}  // namespace ringfence::sim::isa::x86
