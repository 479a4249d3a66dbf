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

/// A VEX prefix, but for the bits that extend register numbers. [intel/vol2]: 2.3.5
struct VexPrefix {
    u8 map = 0;     ///< 1 to 3; 0: there is no prefix
    u8 prefix = 0;  ///< the legacy prefix that it stands for: none, 66, F3, F2
    bool w = false;
    bool l = false;
};

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
    VexPrefix vex;

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

/// The bits of a VEX prefix that name registers, not inverted.
struct VexRegisters {
    u8 extensions = 0;  ///< R, X and B as in a REX prefix
    u8 source = 0;      ///< vvvv
};
/// In the form of three bytes.
std::array<u8, 3> vex_bytes(const VexPrefix& vex, const VexRegisters& registers);

/// The encoding's bytes, and zeroes behind them.
std::array<u8, sim::isa::x86::longest_instruction> bytes_of(const Encoding& encoding);

/// 64-bit code at CPL 3, at any address.
Instruction blank_instruction(const sim::presets::CpuModel& model, u64 rip);

/// Whether a vector register holds the indexes of a memory operand.
bool is_vector_indexed(const ZydisDecodedOperand& operand);

/// Whether the exclusions forbid this encoding because of its prefixes.
bool has_excluded_prefix(const Instruction& instruction);

/// A text that is the same for all encodings of a form.
std::string form_name(const Instruction& instruction);
/// The same as a number: cheap to compute, and different for different forms of a mnemonic.
u64 form_signature(const Instruction& instruction);

std::vector<Form> catalog_forms(const Decoder& decoder, const sim::presets::CpuModel& model);

}  // namespace ringfence::differential
