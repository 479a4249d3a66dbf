// SPDX-License-Identifier: MIT
// Binders of RDMSR and WRMSR, for system_register_rows().
#pragma once

#include "sim/isa/x86/binder.h"

namespace ringfence::sim::isa::x86 {

bool bind_rdmsr(const Instruction& in, OpBuilder& out);
bool bind_wrmsr(const Instruction& in, OpBuilder& out);

}  // namespace ringfence::sim::isa::x86
