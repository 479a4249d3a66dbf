// SPDX-License-Identifier: MIT
#pragma once

#include "sim/isa/x86/binder.h"
#include "sim/timing/instruction_profile.h"

namespace ringfence::sim::isa::x86 {

/// Which kind of unit executes `instruction`.
timing::ExecutionClass execution_class(const Instruction& instruction);

/// What the CPU preset has a cost of its own for; None for most.
timing::Event event_of(const Instruction& instruction);

timing::BranchKind branch_kind(const Instruction& instruction);

timing::Ordering ordering_of(const Instruction& instruction);

/// Whether the instruction waits for retirement before it does anything: privileged, serialising,
/// locked, or with effects that only a retired instruction may have.
bool waits_for_retirement(const Instruction& instruction);

}  // namespace ringfence::sim::isa::x86
