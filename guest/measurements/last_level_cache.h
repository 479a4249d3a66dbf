// SPDX-License-Identifier: MIT
// The last level cache.
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

// They need memory whose physical addresses follow each other, more than twice the cache's size.

Thousandths llc_latency(Workbench& bench);
Thousandths llc_kib(Workbench& bench);
Thousandths llc_ways(Workbench& bench);
/// Whether a line that leaves it leaves the levels before it: 1 or 0.
Thousandths llc_inclusive(Workbench& bench);

/// What a step may cost that is found in the last level, as long as few are not.
Thousandths llc_limit(Workbench& bench);

}  // namespace ringfence::measurements
