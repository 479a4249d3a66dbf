// SPDX-License-Identifier: MIT
#include "sim/isa/x86/transaction.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "sim/isa/x86/timed_execution.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::AbortStatus;
using cpu::ExceptionVector;
using cpu::ExecutionMode;

/// By name; the manual's other groups are told by what the instruction works on. Some are on no CPU
/// here; what raises an exception in any case (UD2, BOUND) is not listed. Whatever changes state
/// that cpu::Checkpoint does not hold must be here.
constexpr ZydisMnemonic unfriendly[] = {
    // "Always abort".
    ZYDIS_MNEMONIC_CPUID,
    ZYDIS_MNEMONIC_PAUSE,
    // Saving and restoring processor state.
    ZYDIS_MNEMONIC_FXSAVE,
    ZYDIS_MNEMONIC_FXSAVE64,
    ZYDIS_MNEMONIC_FXRSTOR,
    ZYDIS_MNEMONIC_FXRSTOR64,
    ZYDIS_MNEMONIC_XSAVE,
    ZYDIS_MNEMONIC_XSAVE64,
    ZYDIS_MNEMONIC_XSAVEC,
    ZYDIS_MNEMONIC_XSAVEC64,
    ZYDIS_MNEMONIC_XSAVEOPT,
    ZYDIS_MNEMONIC_XSAVEOPT64,
    ZYDIS_MNEMONIC_XSAVES,
    ZYDIS_MNEMONIC_XSAVES64,
    ZYDIS_MNEMONIC_XRSTOR,
    ZYDIS_MNEMONIC_XRSTOR64,
    ZYDIS_MNEMONIC_XRSTORS,
    ZYDIS_MNEMONIC_XRSTORS64,
    ZYDIS_MNEMONIC_XSETBV,
    ZYDIS_MNEMONIC_VZEROUPPER,
    ZYDIS_MNEMONIC_WRPKRU,
    // Other flags than the status flags.
    ZYDIS_MNEMONIC_CLI,
    ZYDIS_MNEMONIC_STI,
    ZYDIS_MNEMONIC_POPF,
    ZYDIS_MNEMONIC_POPFD,
    ZYDIS_MNEMONIC_POPFQ,
    ZYDIS_MNEMONIC_CLAC,
    ZYDIS_MNEMONIC_STAC,
    // Segment, control and debug registers, and tables.
    ZYDIS_MNEMONIC_SWAPGS,
    ZYDIS_MNEMONIC_WRFSBASE,
    ZYDIS_MNEMONIC_WRGSBASE,
    ZYDIS_MNEMONIC_LGDT,
    ZYDIS_MNEMONIC_SGDT,
    ZYDIS_MNEMONIC_LIDT,
    ZYDIS_MNEMONIC_SIDT,
    ZYDIS_MNEMONIC_LLDT,
    ZYDIS_MNEMONIC_SLDT,
    ZYDIS_MNEMONIC_LTR,
    ZYDIS_MNEMONIC_STR,
    ZYDIS_MNEMONIC_CLTS,
    ZYDIS_MNEMONIC_LMSW,
    ZYDIS_MNEMONIC_WRPKRU,
    // Transfers to other rings and segments.
    ZYDIS_MNEMONIC_SYSENTER,
    ZYDIS_MNEMONIC_SYSCALL,
    ZYDIS_MNEMONIC_SYSEXIT,
    ZYDIS_MNEMONIC_SYSRET,
    ZYDIS_MNEMONIC_IRET,
    ZYDIS_MNEMONIC_IRETD,
    ZYDIS_MNEMONIC_IRETQ,
    ZYDIS_MNEMONIC_INT,
    ZYDIS_MNEMONIC_INT1,
    ZYDIS_MNEMONIC_INT3,
    ZYDIS_MNEMONIC_INTO,
    // TLBs, caches, and stores past them.
    ZYDIS_MNEMONIC_CLFLUSH,
    ZYDIS_MNEMONIC_CLFLUSHOPT,
    ZYDIS_MNEMONIC_CLWB,
    ZYDIS_MNEMONIC_INVD,
    ZYDIS_MNEMONIC_WBINVD,
    ZYDIS_MNEMONIC_INVLPG,
    ZYDIS_MNEMONIC_INVPCID,
    ZYDIS_MNEMONIC_MOVNTDQA,
    ZYDIS_MNEMONIC_MOVNTDQ,
    ZYDIS_MNEMONIC_MOVNTI,
    ZYDIS_MNEMONIC_MOVNTPD,
    ZYDIS_MNEMONIC_MOVNTPS,
    ZYDIS_MNEMONIC_MOVNTQ,
    ZYDIS_MNEMONIC_MASKMOVQ,
    ZYDIS_MNEMONIC_MASKMOVDQU,
    ZYDIS_MNEMONIC_VMOVNTDQA,
    ZYDIS_MNEMONIC_VMOVNTDQ,
    ZYDIS_MNEMONIC_VMOVNTPD,
    ZYDIS_MNEMONIC_VMOVNTPS,
    ZYDIS_MNEMONIC_VMASKMOVDQU,
    // The rest.
    ZYDIS_MNEMONIC_RDMSR,
    ZYDIS_MNEMONIC_WRMSR,
    ZYDIS_MNEMONIC_HLT,
    ZYDIS_MNEMONIC_MONITOR,
    ZYDIS_MNEMONIC_MWAIT,
};

/// Using x87 and MMX registers aborts, and so does writing segment, control and debug registers.
bool is_unfriendly(const ZydisDecodedOperand& operand) {
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) {
        return false;
    }
    switch (ZydisRegisterGetClass(operand.reg.value)) {
        case ZYDIS_REGCLASS_X87:
        case ZYDIS_REGCLASS_MMX:
            return true;
        case ZYDIS_REGCLASS_SEGMENT:
        case ZYDIS_REGCLASS_CONTROL:
        case ZYDIS_REGCLASS_DEBUG:
            return (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
        default:
            return false;
    }
}

bool is_unfriendly(const Instruction& instruction) {
    const auto& meta = instruction.info.meta;
    if (std::ranges::find(unfriendly, instruction.info.mnemonic) != std::end(unfriendly) ||
        meta.branch_type == ZYDIS_BRANCH_TYPE_FAR || meta.category == ZYDIS_CATEGORY_IO ||
        meta.category == ZYDIS_CATEGORY_IOSTRINGOP || meta.isa_ext == ZYDIS_ISA_EXT_X87 ||
        meta.isa_ext == ZYDIS_ISA_EXT_MMX) {
        return true;
    }
    const auto operands = std::span{instruction.operands}.first(instruction.info.operand_count);
    return std::ranges::any_of(operands,
                               [](const auto& operand) { return is_unfriendly(operand); });
}

/// `immediate`: AbortStatus.
bool abort_here(Cpu& cpu, const Op& op) {
    return cpu.request_abort(static_cast<u32>(op.immediate));
}

bool is_debug_exception(ExceptionVector vector) {
    return vector == ExceptionVector::Debug || vector == ExceptionVector::Breakpoint;
}

void abort_with(Cpu& cpu, u32 status) {
    if (cpu.timed != nullptr) {
        cpu.timed->delivering();
    }
    status |= AbortStatus::nested.make(cpu.transaction().depth > 1 ? 1 : 0);
    cpu.recorder.transaction_abort({.rip = VirtualAddress{cpu.rip},
                                    .fallback = VirtualAddress{cpu.transaction().fallback},
                                    .status = status});
    cpu.roll_back_transaction(status);
    if (cpu.timed != nullptr) {
        cpu.timed->aborted();
    }
}

}  // namespace

bool aborts_transaction(const Instruction& instruction) {
    return ExecutionMode::transactional.test(instruction.mode) && is_unfriendly(instruction);
}

bool bind_abort(const Instruction& instruction, OpBuilder& out) {
    const bool breakpoint = instruction.info.mnemonic == ZYDIS_MNEMONIC_INT3 ||
                            instruction.info.mnemonic == ZYDIS_MNEMONIC_INT1;
    out.op.immediate = static_cast<i32>(AbortStatus::debug.make(breakpoint ? 1 : 0));
    return out.straight<abort_here>();
}

void abort_for(Cpu& cpu, const cpu::PendingException& exception) {
    const bool overflowed = cpu.mmu.written()->overflowed();
    abort_with(cpu, cpu.transaction().requested_status |
                        AbortStatus::overflow.make(overflowed ? 1 : 0) |
                        AbortStatus::debug.make(is_debug_exception(exception.vector) ? 1 : 0));
}

void abort_for_single_step(Cpu& cpu) {
    abort_with(cpu, AbortStatus::debug.mask);
}

void abort_for_interrupt(Cpu& cpu) {
    if (cpu.transaction().active()) {
        abort_with(cpu, 0);
    }
}

void abort_for_overflow(Cpu& cpu) {
    abort_with(cpu, AbortStatus::overflow.mask);
}

void abort_at_once(Cpu& cpu) {
    abort_with(cpu, 0);
}

}  // namespace ringfence::sim::isa::x86
