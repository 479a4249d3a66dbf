// SPDX-License-Identifier: MIT
// Binders of the far returns, for far_control_flow_rows().
#pragma once

#include "sim/isa/x86/binder.h"

namespace ringfence::sim::isa::x86 {

bool bind_iret(const Instruction& in, OpBuilder& out);
bool bind_iretd(const Instruction& in, OpBuilder& out);
bool bind_iretq(const Instruction& in, OpBuilder& out);
bool bind_ret_far(const Instruction& in, OpBuilder& out);

}  // namespace ringfence::sim::isa::x86
