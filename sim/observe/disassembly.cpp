// SPDX-License-Identifier: MIT
#include "sim/observe/disassembly.h"

#include <Zydis/Zydis.h>
#include <fmt/format.h>

#include <array>

namespace ringfence::sim::observe {

namespace {

ZydisMachineMode machine_mode(unsigned operand_bits) {
    switch (operand_bits) {
        case 64:
            return ZYDIS_MACHINE_MODE_LONG_64;
        case 32:
            return ZYDIS_MACHINE_MODE_LONG_COMPAT_32;
        default:
            return ZYDIS_MACHINE_MODE_LONG_COMPAT_16;
    }
}

ZydisStackWidth stack_width(unsigned operand_bits) {
    return operand_bits == 64   ? ZYDIS_STACK_WIDTH_64
           : operand_bits == 32 ? ZYDIS_STACK_WIDTH_32
                                : ZYDIS_STACK_WIDTH_16;
}

}  // namespace

std::string hex_bytes(std::span<const u8> bytes) {
    return fmt::format("{:02x}", fmt::join(bytes, " "));
}

std::optional<InstructionShape> first_instruction(std::span<const u8> bytes) {
    ZydisDecoder decoder;
    ZydisDecodedInstruction instruction;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, nullptr, bytes.data(), bytes.size(),
                                                    &instruction))) {
        return std::nullopt;
    }
    return InstructionShape{.length = instruction.length,
                            .is_nop = instruction.mnemonic == ZYDIS_MNEMONIC_NOP};
}

std::string disassemble(const Executed& executed) {
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    ZydisDecodedInstruction instruction;
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
    std::array<char, 256> text;
    ZydisDecoderInit(&decoder, machine_mode(executed.operand_bits),
                     stack_width(executed.operand_bits));
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    const bool decoded =
        ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, executed.bytes.data(), executed.bytes.size(),
                                            &instruction, operands.data())) &&
        ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &instruction, operands.data(),
                                                     instruction.operand_count_visible, text.data(),
                                                     text.size(), executed.rip.value(), nullptr));
    return decoded ? std::string{text.data()} : "(bad) " + hex_bytes(executed.bytes);
}

}  // namespace ringfence::sim::observe
