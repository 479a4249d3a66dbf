// SPDX-License-Identifier: MIT
// Far JMP and CALL, and software interrupts. [intel/vol3]: 5.8
#include "sim/isa/x86/event_delivery.h"
#include "sim/isa/x86/exec_far_return.h"
#include "sim/isa/x86/far_stack.h"
#include "sim/isa/x86/far_transfer.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/real_transfer.h"
#include "sim/isa/x86/virtual_interrupts.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::ExceptionVector;
using cpu::SegmentRegister;

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
    if (cpu.uses_paragraphs()) {
        return go_to_paragraph(cpu, selector, rip, how, return_rip, bytes);
    }
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
    return cpu.long_mode_active()
               ? go_by_gate64(cpu, selector, descriptor, how, return_rip)
               : go_by_system_descriptor(cpu, selector, descriptor, how, return_rip);
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
    const auto vector = static_cast<u8>(op.immediate);
    Redirection redirection = Redirection::ProtectedMode;
    if (cpu.virtual_8086() && !find_redirection(cpu, vector, redirection)) {
        return false;
    }
    return redirection == Redirection::Program
               ? deliver_redirected_interrupt(cpu, vector, next_rip(cpu, op))
               : deliver_software_interrupt(cpu, vector, next_rip(cpu, op));
}

bool int3(Cpu& cpu, const Op& op) {
    return deliver_software_interrupt(cpu, static_cast<u8>(ExceptionVector::Breakpoint),
                                      next_rip(cpu, op));
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
    return out.transfer<int3>();
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
