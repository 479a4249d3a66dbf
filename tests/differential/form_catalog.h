// SPDX-License-Identifier: MIT
// All instruction forms that the machine's decoder knows, found by decoding every opcode: nothing
// has to be listed by hand, and nothing can be forgotten.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "sim/isa/x86/block_builder.h"
#include "sim/isa/x86/decoder.h"

namespace ringfence::differential {

using sim::isa::x86::Decoder;
using sim::isa::x86::Instruction;

/// The first bytes of an encoding. Where there is a ModRM byte, its reg field is fixed, and so is
/// all of it if it names a register; a memory operand is free.
struct Encoding {
    u8 prefixes[2] = {};
    u8 prefix_count = 0;
    bool rex_w = false;
    u8 opcode[3] = {};
    u8 opcode_count = 0;
    bool has_modrm = false;
    u8 modrm = 0;

    [[nodiscard]] bool has_memory() const { return has_modrm && modrm < 0xc0; }
};

/// A mnemonic with kinds and sizes of operands, and its encodings.
struct Form {
    ZydisMnemonic mnemonic{};
    std::string name;
    u64 signature = 0;
    std::vector<Encoding> encodings;
    /// Whether the machine has a handler for it.
    bool bound = false;
    bool skipped = false;
};

/// The encoding's bytes, and zeroes behind them.
std::array<u8, sim::isa::x86::longest_instruction> bytes_of(const Encoding& encoding);

/// 64-bit code at CPL 3, at any address.
Instruction blank_instruction(const sim::presets::CpuModel& model, u64 rip);

/// Whether the exclusions forbid this encoding because of its prefixes.
bool has_excluded_prefix(const Instruction& instruction);

/// A text that is the same for all encodings of a form.
std::string form_name(const Instruction& instruction);
/// The same as a number: cheap to compute, and different for different forms of a mnemonic.
u64 form_signature(const Instruction& instruction);

std::vector<Form> catalog_forms(const Decoder& decoder, const sim::presets::CpuModel& model);

}  // namespace ringfence::differential
