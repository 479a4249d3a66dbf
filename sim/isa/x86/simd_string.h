// SPDX-License-Identifier: MIT
// The SSE4.2 string comparisons. [intel/vol1]: 12.10.1; [intel/vol2]: 4.1
#pragma once

#include "sim/isa/x86/binder.h"

namespace ringfence::sim::isa::x86 {

bool bind_pcmpestri(const Instruction& instruction, OpBuilder& out);
bool bind_pcmpestrm(const Instruction& instruction, OpBuilder& out);
bool bind_pcmpistri(const Instruction& instruction, OpBuilder& out);
bool bind_pcmpistrm(const Instruction& instruction, OpBuilder& out);

}  // namespace ringfence::sim::isa::x86
