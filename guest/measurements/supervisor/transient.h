// SPDX-License-Identifier: MIT
// What runs after an instruction that faults, until that is noticed.
#pragma once

#include "guest/measurements/figures.h"
#include "guest/measurements/supervisor/address_space.h"

namespace ringfence::measurements {

void run_transient(AddressSpace& space, Workbench& bench, Report& report);

}  // namespace ringfence::measurements
