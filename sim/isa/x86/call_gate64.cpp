// SPDX-License-Identifier: MIT
// 64-bit call gates, the only system descriptors that far transfers may name in long mode.
// [intel/vol3]: 5.8.3.1
#include "arch/x86/idt_gate.h"
#include "arch/x86/task_state_segment.h"
#include "sim/isa/x86/far_stack.h"
#include "sim/isa/x86/far_transfer.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/system_transfer.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::IdtGate64;
using arch::x86::SystemSegmentType;
using arch::x86::TaskStateSegment64Offset;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;

bool general_protection(Cpu& cpu, u16 selector) {
    return cpu.raise(ExceptionVector::GeneralProtection, selector_error(selector));
}

unsigned dpl_of(u64 descriptor) {
    return static_cast<unsigned>(SegmentDescriptor::dpl.get(descriptor));
}

/// Reads and checks a 64-bit call gate; its fields lie where those of an interrupt gate do.
/// [intel/vol3]: 5.8.3.1, figure 5-9
bool read_call_gate(Cpu& cpu, u16 selector, IdtGate64& gate) {
    VirtualAddress address;
    if (!locate_descriptor(cpu, selector, sizeof(gate), address)) {
        return general_protection(cpu, selector);
    }
    if (!cpu.mmu.read_system(address, gate.low) ||
        !cpu.mmu.read_system(address + sizeof(u64), gate.high)) {
        return system_fault(cpu);
    }
    const bool upper_type = IdtGate64::type.test(gate.high);
    const unsigned dpl = dpl_of(gate.low);
    if (upper_type || dpl < cpu.cpl() || Selector::rpl.get(selector) > dpl) {
        return general_protection(cpu, selector);
    }
    return IdtGate64::present.test(gate.low) ||
           cpu.raise(ExceptionVector::SegmentNotPresent, selector_error(selector));
}

/// The 64-bit code segment that the gate names.
bool find_gate_code(Cpu& cpu, const IdtGate64& gate, Transfer how, CodeTarget& out) {
    out = CodeTarget{.selector = static_cast<u16>(IdtGate64::selector.get(gate.low)),
                     .rip = gate.offset()};
    if (Selector::is_null(out.selector)) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    if (!read_descriptor(cpu, out.selector, out.descriptor)) {
        return false;
    }
    const u64 descriptor = out.descriptor;
    const bool code64 = SegmentDescriptor::code_or_data.test(descriptor) &&
                        SegmentDescriptor::code.test(descriptor) &&
                        SegmentDescriptor::long_mode.test(descriptor) &&
                        !SegmentDescriptor::default_big.test(descriptor);
    const bool stays = out.conforming() || out.dpl() == cpu.cpl();
    if (!code64 || out.dpl() > cpu.cpl() || (how == Transfer::Jump && !stays)) {
        return general_protection(cpu, out.selector);
    }
    if (!SegmentDescriptor::present.test(descriptor)) {
        return cpu.raise(ExceptionVector::SegmentNotPresent, selector_error(out.selector));
    }
    return check_target_offset(cpu, out) && mark_accessed(cpu, out.selector, out.descriptor);
}

/// The stack pointer for `cpl` from the TSS. [intel/vol3]: 8.7
bool read_inner_stack(Cpu& cpu, unsigned cpl, u64& out) {
    const u64 offset = TaskStateSegment64Offset::rsp(cpl);
    if (!cpu.task.usable || offset + sizeof(u64) - 1 > cpu.task.limit) {
        return cpu.raise(ExceptionVector::InvalidTss, selector_error(cpu.task.selector));
    }
    return cpu.mmu.read_system(VirtualAddress{cpu.task.base + offset}, out) || system_fault(cpu);
}

/// A call to more privileged code: a new stack, on which the old one is saved.
/// [intel/vol2]: CALL, "MORE-PRIVILEGE"
bool call_inner(Cpu& cpu, const CodeTarget& target, u64 return_rip) {
    const unsigned cpl = target.dpl();
    u64 stack;
    if (!read_inner_stack(cpu, cpl, stack)) {
        return false;
    }
    const u64 words[] = {return_rip, cpu.segment(SegmentRegister::Cs).selector, cpu.gpr[Gpr::Rsp],
                         cpu.segment(SegmentRegister::Ss).selector};
    const VirtualAddress top{stack - sizeof(words)};
    if (!cpu.mmu.probe_write_system(top, sizeof(words), mmu::Reference::Stack)) {
        return system_fault(cpu);
    }
    for (u64 i = 0; i < std::size(words); ++i) {
        if (!cpu.mmu.write_system(top + i * sizeof(u64), words[i], mmu::Reference::Stack)) {
            return system_fault(cpu);
        }
    }
    cpu.set_segment(SegmentRegister::Ss, null_segment(static_cast<u16>(cpl)), 0);
    enter_code(cpu, target, cpl);
    cpu.gpr[Gpr::Rsp] = top.value();
    return true;
}

}  // namespace

bool go_by_gate64(Cpu& cpu, u16 selector, u64 descriptor, Transfer how, u64 return_rip) {
    const auto type = static_cast<SystemSegmentType>(SegmentDescriptor::type.get(descriptor));
    if (type != SystemSegmentType::CallGate) {
        return general_protection(cpu, selector);
    }
    IdtGate64 gate;
    CodeTarget target;
    if (!read_call_gate(cpu, selector, gate) || !find_gate_code(cpu, gate, how, target)) {
        return false;
    }
    if (how == Transfer::Call) {
        if (!target.conforming() && target.dpl() < cpu.cpl()) {
            return call_inner(cpu, target, return_rip);
        }
        const u64 frame[] = {return_rip, cpu.segment(SegmentRegister::Cs).selector};
        if (!push_frame(cpu, frame, sizeof(u64))) {
            return false;
        }
    }
    enter_code(cpu, target, cpu.cpl());
    return true;
}

}  // namespace ringfence::sim::isa::x86
