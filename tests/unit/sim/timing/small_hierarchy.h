// SPDX-License-Identifier: MIT
// Caches so small that tests can say where every line is.
#pragma once

#include "sim/timing/memory_hierarchy.h"

namespace ringfence::sim::timing {

inline HierarchyParameters small_hierarchy() {
    HierarchyParameters parameters;
    parameters.l1i = {.sets = 4, .ways = 2, .latency = 3};
    parameters.l1d = {.sets = 4, .ways = 2, .latency = 5};
    parameters.l2 = {.sets = 8, .ways = 4, .latency = 14};
    parameters.llc = {.sets = 11, .ways = 4, .latency = 50};
    parameters.llc_inclusive = true;
    parameters.memory_latency = 200;
    parameters.fill_buffers = 4;
    parameters.l2_fill_buffers = 8;
    return parameters;
}

/// The line with the number `number`, from address 0 up.
inline PhysicalAddress line(u64 number) {
    return PhysicalAddress{number * cache_line_bytes};
}

}  // namespace ringfence::sim::timing
