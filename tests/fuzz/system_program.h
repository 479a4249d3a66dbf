// SPDX-License-Identifier: MIT
// A fuzzer's bytes as a program of system instructions with operands that may mean something. The
// encodings mean the same in 32-bit and 64-bit code.
#pragma once

#include <vector>

#include "tests/fuzz/input.h"

namespace ringfence::fuzz {

/// Machine code, until the input or `most_bytes` end.
std::vector<u8> make_system_program(Input& input, usize most_bytes);

}  // namespace ringfence::fuzz
