// SPDX-License-Identifier: MIT
// #AC for misaligned operands, while user code has switched the check on. It costs nothing
// otherwise: blocks of that mode have extra ops in front of each instruction.
#pragma once

#include <vector>

#include "sim/isa/x86/binder.h"

namespace ringfence::sim::isa::x86 {

/// The ops that check the memory operands of `instruction`, stack and string operands among them.
/// Words, doublewords and quadwords are checked; larger operands have rules of their own, which are
/// those of their instructions. [intel/vol3]: 6.15, vector 17, table 6-7
std::vector<Op> alignment_checks(const Instruction& instruction);

}  // namespace ringfence::sim::isa::x86
