// SPDX-License-Identifier: MIT
// The first-level TLBs of 4 KiB pages, as user mode sees them.
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

Thousandths dtlb_entries(Workbench& bench);
Thousandths dtlb_ways(Workbench& bench);
/// Cycles that a translation takes more when it is in the second level only.
Thousandths dtlb_miss_cost(Workbench& bench);
Thousandths itlb_entries(Workbench& bench);
Thousandths itlb_ways(Workbench& bench);
Thousandths itlb_miss_cost(Workbench& bench);

}  // namespace ringfence::measurements
