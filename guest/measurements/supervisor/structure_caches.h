// SPDX-License-Identifier: MIT
// Paging-structure caches.
#pragma once

#include "guest/measurements/figures.h"
#include "guest/measurements/supervisor/address_space.h"

namespace ringfence::measurements {

/// The second-level TLB of 4 KiB pages, which the loads here must miss.
struct SecondLevel {
    u64 entries = 0;
    u64 ways = 0;
};

void run_structure_caches(AddressSpace& space, Workbench& bench, SecondLevel second,
                          Report& report);

}  // namespace ringfence::measurements
