// SPDX-License-Identifier: MIT
// How much the core takes in each cycle.
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

/// Bytes of code for each cycle, with instructions so long that nothing else limits it.
Thousandths fetch_bytes(Workbench& bench);
/// Instructions in a cycle.
Thousandths instructions_per_cycle(Workbench& bench);
/// Micro-operations in a cycle: of instructions with one, or of those with many.
Thousandths micro_operations_per_cycle(Workbench& bench);

Thousandths loads_per_cycle(Workbench& bench);
/// While they have room in the store queue.
Thousandths stores_per_cycle(Workbench& bench);
/// Loads and stores together, in the best proportion.
Thousandths accesses_per_cycle(Workbench& bench);

/// Cycles from a store's data to that of the load that finds it.
Thousandths store_forward_latency(Workbench& bench);

}  // namespace ringfence::measurements
