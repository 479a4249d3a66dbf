// SPDX-License-Identifier: MIT
// Ways into and out of the supervisor.
#pragma once

#include "guest/measurements/figures.h"
#include "guest/measurements/supervisor/address_space.h"

namespace ringfence::measurements {

void run_transitions(AddressSpace& space, Report& report);

}  // namespace ringfence::measurements
