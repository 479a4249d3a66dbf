// SPDX-License-Identifier: MIT
// Binders for the descriptor-table registers, the task register and the machine status word, for
// system_rows().
#pragma once

#include "sim/isa/x86/binder.h"

namespace ringfence::sim::isa::x86 {

bool bind_lgdt(const Instruction& in, OpBuilder& out);
bool bind_lidt(const Instruction& in, OpBuilder& out);
bool bind_sgdt(const Instruction& in, OpBuilder& out);
bool bind_sidt(const Instruction& in, OpBuilder& out);
bool bind_lldt(const Instruction& in, OpBuilder& out);
bool bind_ltr(const Instruction& in, OpBuilder& out);
bool bind_sldt(const Instruction& in, OpBuilder& out);
bool bind_str(const Instruction& in, OpBuilder& out);
bool bind_smsw(const Instruction& in, OpBuilder& out);
bool bind_lmsw(const Instruction& in, OpBuilder& out);

}  // namespace ringfence::sim::isa::x86
