// SPDX-License-Identifier: MIT
// Binders of MOV to and from debug registers, for system_register_rows().
#pragma once

#include "sim/isa/x86/binder.h"

namespace ringfence::sim::isa::x86 {

bool bind_mov_to_debug(const Instruction& in, OpBuilder& out);
bool bind_mov_from_debug(const Instruction& in, OpBuilder& out);

}  // namespace ringfence::sim::isa::x86
