// SPDX-License-Identifier: MIT
// Binders of the instructions that ask about a selector without loading it, for segment_rows().
#pragma once

#include "sim/isa/x86/binder.h"

namespace ringfence::sim::isa::x86 {

bool bind_lar(const Instruction& in, OpBuilder& out);
bool bind_lsl(const Instruction& in, OpBuilder& out);
bool bind_verr(const Instruction& in, OpBuilder& out);
bool bind_verw(const Instruction& in, OpBuilder& out);
bool bind_arpl(const Instruction& in, OpBuilder& out);

}  // namespace ringfence::sim::isa::x86
