// SPDX-License-Identifier: MIT
// Transactions (RTM): which instructions they bear, and how they are aborted. [intel/vol1]: 16.3
#pragma once

#include "sim/isa/x86/binder.h"

namespace ringfence::sim::isa::x86 {

/// Whether `instruction` is decoded inside a transaction and ends it: instead of running, it
/// aborts. [intel/vol1]: 16.3.8.1
[[nodiscard]] bool aborts_transaction(const Instruction& instruction);
/// Binds such an instruction to the abort.
bool bind_abort(const Instruction& instruction, OpBuilder& out);

/// The exception `exception`, which is not delivered, or the running instruction's request ends the
/// transaction that runs; the processor goes on at the fallback.
void abort_for(Cpu& cpu, const cpu::PendingException& exception);
/// The same for a single step. [intel/vol1]: 16.3.7
void abort_for_single_step(Cpu& cpu);
/// An interrupt is about to be delivered: a transaction, if one runs, ends first.
void abort_for_interrupt(Cpu& cpu);
/// What it wrote cannot be kept any longer.
void abort_for_overflow(Cpu& cpu);
/// The transaction that has just begun must not run. [intel/vol4]: IA32_TSX_CTRL
void abort_at_once(Cpu& cpu);

}  // namespace ringfence::sim::isa::x86
