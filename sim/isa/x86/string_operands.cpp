// SPDX-License-Identifier: MIT
#include "sim/isa/x86/string_operands.h"

namespace ringfence::sim::isa::x86::strings {
namespace {

const ZydisDecodedOperand* operand_based_on(const Instruction& instruction, ZydisRegister r16,
                                            ZydisRegister r32, ZydisRegister r64) {
    for (unsigned i = 0; i < instruction.info.operand_count; ++i) {
        const ZydisDecodedOperand& operand = instruction.operand(i);
        const ZydisRegister base = operand.mem.base;
        if (instruction.is_memory(i) && (base == r16 || base == r32 || base == r64)) {
            return &operand;
        }
    }
    return nullptr;
}

}  // namespace

const ZydisDecodedOperand* source_operand(const Instruction& instruction) {
    return operand_based_on(instruction, ZYDIS_REGISTER_SI, ZYDIS_REGISTER_ESI, ZYDIS_REGISTER_RSI);
}

const ZydisDecodedOperand* destination_operand(const Instruction& instruction) {
    return operand_based_on(instruction, ZYDIS_REGISTER_DI, ZYDIS_REGISTER_EDI, ZYDIS_REGISTER_RDI);
}

void describe(const Instruction& instruction, const ZydisDecodedOperand* source, Op& op) {
    op.extra = static_cast<u8>(instruction.info.address_width / 8);
    if (source == nullptr) {
        return;
    }
    const auto segment = static_cast<SegmentRegister>(source->mem.segment - ZYDIS_REGISTER_ES);
    const bool based = segment == SegmentRegister::Fs || segment == SegmentRegister::Gs;
    op.src = static_cast<u8>(segment);
    op.segment = based ? cpu::base_slot(segment) : cpu::zero_slot;
}

Repeat repeat_prefix(const Instruction& instruction, bool conditional) {
    const auto attributes = instruction.info.attributes;
    const bool not_equal = (attributes & ZYDIS_ATTRIB_HAS_REPNE) != 0;
    const bool equal = (attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE)) != 0;
    if (!not_equal && !equal) {
        return Repeat::None;
    }
    if (!conditional) {
        return Repeat::Always;  // F2 repeats these just as F3 does
    }
    return not_equal ? Repeat::WhileNotEqual : Repeat::WhileEqual;
}

}  // namespace ringfence::sim::isa::x86::strings
