// SPDX-License-Identifier: MIT
// Instruction bytes as text.
#pragma once

#include <span>
#include <string>

#include "sim/observe/observer.h"

namespace ringfence::sim::observe {

/// Intel syntax; "(bad) 0f 0b .." for bytes that are no instruction.
std::string disassemble(const Executed& executed);

/// Bytes as hexadecimal pairs.
std::string hex_bytes(std::span<const u8> bytes);

}  // namespace ringfence::sim::observe
