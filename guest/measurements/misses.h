// SPDX-License-Identifier: MIT
// What misses cost, and how many there are at a time.
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

/// Cycles of a load from memory.
Thousandths memory_latency(Workbench& bench);
/// Cycles between lines that come from memory.
Thousandths memory_gap(Workbench& bench);
/// Misses of the first level that are on the way at once.
Thousandths l1d_fill_buffers(Workbench& bench);
/// Lines that software prefetches into the second level at once: more are dropped.
Thousandths l2_fill_buffers(Workbench& bench);

}  // namespace ringfence::measurements
