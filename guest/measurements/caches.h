// SPDX-License-Identifier: MIT
// The data caches: how large, how far away, of how many ways.
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

// Sizes in KiB. All but the first level need memory whose physical addresses follow each other.

Thousandths l1d_latency(Workbench& bench);
Thousandths l1d_kib(Workbench& bench);
Thousandths l1d_ways(Workbench& bench);
Thousandths l2_latency(Workbench& bench);
Thousandths l2_kib(Workbench& bench);
Thousandths l2_ways(Workbench& bench);

/// Bytes, in whole pages, that are several times as many as a level keeps.
u64 beyond_l1d(Workbench& bench);
u64 beyond_l2(Workbench& bench);

}  // namespace ringfence::measurements
