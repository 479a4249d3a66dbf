// SPDX-License-Identifier: MIT
// Far JMP and CALL, directly and through call gates; software interrupts. [intel/vol3]: 5.8
//
// Gates lead on in long mode only: 32-bit call gates and task switches are not part of this
// machine.
#include "arch/x86/idt_gate.h"
#include "arch/x86/task_state_segment.h"
#include "sim/isa/x86/event_delivery.h"
#include "sim/isa/x86/exec_far_return.h"
#include "sim/isa/x86/far_stack.h"
#include "sim/isa/x86/far_transfer.h"
#include "sim/isa/x86/operands.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::IdtGate64;
using arch::x86::SystemSegmentType;
using arch::x86::TaskStateSegment64Offset;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;

enum class Transfer : u8 { Jump, Call };

bool general_protection(Cpu& cpu, u16 selector) {
    return cpu.raise(ExceptionVector::GeneralProtection, selector_error(selector));
}

unsigned dpl_of(u64 descriptor) {
    return static_cast<unsigned>(SegmentDescriptor::dpl.get(descriptor));
}

// Call gates --------------------------------------------------------------------------------------

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

bool go_through_gate(Cpu& cpu, u16 selector, Transfer how, u64 return_rip) {
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

// Direct transfers --------------------------------------------------------------------------------

bool go_to_code(Cpu& cpu, u16 selector, u64 descriptor, u64 rip, Transfer how, u64 return_rip,
                unsigned bytes) {
    CodeTarget target;
    if (!find_direct_code(cpu, selector, descriptor, rip, target)) {
        return false;
    }
    const u64 frame[] = {return_rip, cpu.segment(SegmentRegister::Cs).selector};
    if (how == Transfer::Call && !push_frame(cpu, frame, bytes)) {
        return false;
    }
    enter_code(cpu, target, cpu.cpl());
    return true;
}

bool go_far(Cpu& cpu, u16 selector, u64 rip, Transfer how, u64 return_rip, unsigned bytes) {
    if (Selector::is_null(selector)) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    u64 descriptor;
    if (!read_descriptor(cpu, selector, descriptor)) {
        return false;
    }
    if (SegmentDescriptor::code_or_data.test(descriptor)) {
        return go_to_code(cpu, selector, descriptor, rip, how, return_rip, bytes);
    }
    const auto type = static_cast<SystemSegmentType>(SegmentDescriptor::type.get(descriptor));
    if (!cpu.long_mode_active() || type != SystemSegmentType::CallGate) {
        return general_protection(cpu, selector);
    }
    return go_through_gate(cpu, selector, how, return_rip);
}

/// The far pointer is in memory: first the offset, of the operand's size, then the selector.
template <typename Offset, Transfer how>
bool far_indirect(Cpu& cpu, const Op& op) {
    const VirtualAddress at = linear_address(cpu, op);
    Offset offset;
    u16 selector;
    if (!cpu.mmu.read(at, offset) || !cpu.mmu.read(at + sizeof(Offset), selector)) {
        return memory_fault(cpu, op);
    }
    return go_far(cpu, selector, offset, how, next_rip(cpu, op), sizeof(Offset));
}

/// The far pointer is in the instruction: `displacement` and `immediate`.
template <typename Offset, Transfer how>
bool far_direct(Cpu& cpu, const Op& op) {
    return go_far(cpu, static_cast<u16>(op.immediate), static_cast<Offset>(op.displacement), how,
                  next_rip(cpu, op), sizeof(Offset));
}

// Software interrupts -----------------------------------------------------------------------------

bool int_n(Cpu& cpu, const Op& op) {
    return deliver_software_interrupt(cpu, static_cast<u8>(op.immediate), next_rip(cpu, op));
}

bool int1(Cpu& cpu, const Op& op) {
    return deliver_software_interrupt(cpu, static_cast<u8>(ExceptionVector::Debug),
                                      next_rip(cpu, op), GateCheck::None);
}

bool into(Cpu& cpu, const Op& op) {
    if (cpu.flags.of()) {
        return deliver_software_interrupt(cpu, static_cast<u8>(ExceptionVector::Overflow),
                                          next_rip(cpu, op));
    }
    cpu.rip = next_rip(cpu, op);
    return true;
}

// Binders -----------------------------------------------------------------------------------------

template <typename Offset, Transfer how>
bool bind_far_sized(const Instruction& in, OpBuilder& out) {
    if (in.is_memory(0)) {
        out.memory(in, in.operand(0), sizeof(Offset) + sizeof(u16));
        return out.transfer<far_indirect<Offset, how>>();
    }
    out.op.displacement = in.operand(0).ptr.offset;
    out.op.immediate = in.operand(0).ptr.segment;
    return out.transfer<far_direct<Offset, how>>();
}

template <Transfer how>
bool bind_far(const Instruction& in, OpBuilder& out) {
    if (in.info.meta.branch_type != ZYDIS_BRANCH_TYPE_FAR) {
        return false;
    }
    switch (in.info.operand_width) {
        case 16:
            return bind_far_sized<u16, how>(in, out);
        case 32:
            return bind_far_sized<u32, how>(in, out);
        default:
            return bind_far_sized<u64, how>(in, out);
    }
}

bool bind_int(const Instruction& in, OpBuilder& out) {
    out.op.immediate = static_cast<i32>(in.operand(0).imm.value.u);
    return out.transfer<int_n>();
}

bool bind_int3(const Instruction& /*in*/, OpBuilder& out) {
    out.op.immediate = static_cast<i32>(ExceptionVector::Breakpoint);
    return out.transfer<int_n>();
}

bool bind_int1(const Instruction& /*in*/, OpBuilder& out) {
    return out.transfer<int1>();
}

bool bind_into(const Instruction& /*in*/, OpBuilder& out) {
    return out.transfer<into>();
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_JMP, bind_far<Transfer::Jump>},
    {ZYDIS_MNEMONIC_CALL, bind_far<Transfer::Call>},
    {ZYDIS_MNEMONIC_RET, bind_ret_far},
    {ZYDIS_MNEMONIC_IRET, bind_iret},
    {ZYDIS_MNEMONIC_IRETD, bind_iretd},
    {ZYDIS_MNEMONIC_IRETQ, bind_iretq},
    {ZYDIS_MNEMONIC_INT, bind_int},
    {ZYDIS_MNEMONIC_INT1, bind_int1},
    {ZYDIS_MNEMONIC_INT3, bind_int3},
    {ZYDIS_MNEMONIC_INTO, bind_into},
};

}  // namespace

std::span<const BinderRow> far_control_flow_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
