// SPDX-License-Identifier: MIT
// What branches cost, and how much the predictor remembers.
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

/// Cycles from a branch's operands until it has been executed.
Thousandths branch_latency(Workbench& bench);
/// Cycles from a branch that was predicted wrongly to the right path.
Thousandths mispredict_penalty(Workbench& bench);
/// The same for a jump through a register.
Thousandths indirect_mispredict_penalty(Workbench& bench);
/// Return addresses that are predicted.
Thousandths return_stack(Workbench& bench);
/// Direct jumps whose targets are known before they are decoded.
Thousandths target_entries(Workbench& bench);
/// Earlier outcomes that a conditional branch's prediction depends on.
Thousandths history_bits(Workbench& bench);

}  // namespace ringfence::measurements
