// SPDX-License-Identifier: MIT
#include "sim/isa/x86/alignment_check.h"

#include "sim/isa/x86/operands.h"

namespace ringfence::sim::isa::x86 {
namespace {

// In a check: `extra` is the operand's size; `src` the address size in bits of a repeated string
// instruction, which accesses nothing if its count is zero, or 0.

bool check_alignment(Cpu& cpu, const Op& op) {
    if (op.src != 0 && (cpu.gpr[cpu::Gpr::Rcx] & low_mask(op.src)) == 0) {
        return true;
    }
    return linear_address(cpu, op).is_aligned(op.extra) ||
           cpu.raise(cpu::ExceptionVector::AlignmentCheck);
}

bool is_checked(const ZydisDecodedOperand& operand) {
    constexpr auto accessed = ZYDIS_OPERAND_ACTION_MASK_READ | ZYDIS_OPERAND_ACTION_MASK_WRITE;
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM &&
           (operand.actions & accessed) != 0 &&
           (operand.size == 16 || operand.size == 32 || operand.size == 64);
}

bool is_repeated(const ZydisDecodedInstruction& info) {
    return (info.attributes &
            (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0;
}

}  // namespace

std::vector<Op> alignment_checks(const Instruction& instruction) {
    std::vector<Op> checks;
    for (unsigned i = 0; i < instruction.info.operand_count; ++i) {
        const ZydisDecodedOperand& operand = instruction.operand(i);
        if (!is_checked(operand)) {
            continue;
        }
        OpBuilder check;
        check.memory(instruction, operand, operand.size / 8U);
        check.op.src = is_repeated(instruction.info) ? instruction.info.address_width : u8{0};
        check.op.extra = static_cast<u8>(operand.size / 8U);
        check.straight<check_alignment>();
        if (check.has_preparation()) {
            checks.push_back(check.preparation());
        }
        checks.push_back(check.op);
    }
    return checks;
}

}  // namespace ringfence::sim::isa::x86
