// SPDX-License-Identifier: MIT
// What privileged instructions and changes of privilege cost.
#pragma once

#include "guest/measurements/figures.h"
#include "guest/measurements/supervisor/address_space.h"

namespace ringfence::measurements {

void run_privileged(AddressSpace& space, Workbench& bench, Report& report);

/// Cycles of the time-stamp counter in a second, in thousandths: by the 8254.
Thousandths clock_hz();

}  // namespace ringfence::measurements
