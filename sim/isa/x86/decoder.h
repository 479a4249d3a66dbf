// SPDX-License-Identifier: MIT
// From bytes to a Zydis instruction, as the CPU that the guest sees would decode them.
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <span>

#include "sim/isa/x86/binder.h"

namespace ringfence::sim::isa::x86 {

enum class DecodeResult : u8 {
    Ok,
    NeedsMoreBytes,  ///< the instruction runs beyond the bytes given
    TooLong,         ///< more than 15 bytes: #GP(0). [intel/vol3]: 6.15, vector 13
    Undefined,       ///< #UD: no such encoding, or its feature is hidden
    Unimplemented,   ///< #UD, too, but only because this machine has it on no CPU
};

inline constexpr unsigned longest_instruction = ZYDIS_MAX_INSTRUCTION_LENGTH;

class Decoder {
public:
    explicit Decoder(const presets::CpuModel& model);

    /// Decodes the instruction at the start of `bytes`. `out.rip` and `out.mode` are set by the
    /// caller. On Undefined, `out.info` may be meaningless.
    DecodeResult decode(std::span<const u8> bytes, Instruction& out) const;

private:
    /// The instruction without its F3 prefixes, with the length that it has with them.
    DecodeResult decode_without_repeat(std::span<const u8> bytes, Instruction& out) const;

    /// For 64-bit, 32-bit and 16-bit code.
    std::array<ZydisDecoder, 3> decoders_;
    /// By ZydisISASet.
    enum class Support : u8 { NotImplemented, Hidden, Shown };
    std::array<Support, ZYDIS_ISA_SET_MAX_VALUE + 1> support_{};
};

/// 16, 32 or 64: the default operand size of code in `mode` (64 for 64-bit mode).
unsigned operand_bits(u32 mode);

}  // namespace ringfence::sim::isa::x86
