// SPDX-License-Identifier: MIT
// Instruction bytes as text.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "sim/observe/observer.h"

namespace ringfence::sim::observe {

/// Intel syntax; "(bad) 0f 0b .." for bytes that are no instruction.
std::string disassemble(const Executed& executed);

/// An instruction among others.
struct InstructionShape {
    unsigned length;
    bool is_nop;
};

/// The first instruction of `bytes`, in 64-bit mode; nothing if they begin with none.
std::optional<InstructionShape> first_instruction(std::span<const u8> bytes);

/// Bytes as hexadecimal pairs.
std::string hex_bytes(std::span<const u8> bytes);

}  // namespace ringfence::sim::observe
