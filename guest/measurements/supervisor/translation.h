// SPDX-License-Identifier: MIT
// TLBs of every page size, and page walks.
#pragma once

#include "guest/measurements/figures.h"
#include "guest/measurements/supervisor/address_space.h"

namespace ringfence::measurements {

/// `has_large_pages`: of 1 GiB.
void run_translation(AddressSpace& space, Workbench& bench, Report& report, bool has_large_pages);

}  // namespace ringfence::measurements
