// SPDX-License-Identifier: MIT
// The instruction cache, by jumps from line to line.
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

// They need memory whose physical addresses follow each other.

Thousandths l1i_latency(Workbench& bench);
Thousandths l1i_kib(Workbench& bench);
Thousandths l1i_ways(Workbench& bench);

}  // namespace ringfence::measurements
