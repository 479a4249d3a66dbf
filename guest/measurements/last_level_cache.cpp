// SPDX-License-Identifier: MIT
#include "guest/measurements/last_level_cache.h"

#include <algorithm>

#include "guest/measurements/cache_lines.h"
#include "guest/measurements/cache_sets.h"
#include "guest/measurements/caches.h"
#include "guest/measurements/chase.h"
#include "guest/measurements/misses.h"
#include "guest/measurements/search.h"

namespace ringfence::measurements {

Thousandths llc_limit(Workbench& bench) {
    const Thousandths near = llc_latency(bench);
    return near + (memory_latency(bench) - near) / 4;
}

Thousandths llc_latency(Workbench& bench) {
    return chase_through(bench, beyond_l2(bench));
}

/// One line of each page: few lines fill it, and no level before it keeps them.
Thousandths llc_kib(Workbench& bench) {
    constexpr u64 kib = 1024;
    constexpr u64 step = 64;
    const Thousandths limit = llc_limit(bench);
    const u64 pages = largest(step, bench.data.size() / page_bytes, step, [&](u64 count) {
        return chase_apart(bench, count, page_bytes) < limit;
    });
    const Thousandths all = pages * page_bytes / kib * thousand;
    return llc_inclusive(bench) != 0 ? all : all - l2_kib(bench);
}

Thousandths llc_ways(Workbench& bench) {
    const Thousandths all = llc_set(bench).lines * thousand;
    return llc_inclusive(bench) != 0 ? all : all - l2_ways(bench);
}

/// One line is loaded again and again, which the first level answers, while others push it out of
/// the last.
Thousandths llc_inclusive(Workbench& bench) {
    constexpr u64 first_level = 3;
    const CacheSet set = llc_set(bench);
    const LineProbe probe(bench);
    u8* const kept = bench.data.data();
    probe.beyond_hit(kept);
    bool was_lost = false;
    for (u64 i = 1; i <= 2 * set.lines; ++i) {
        load_line(kept + i * set.stride);
        wait_for_memory();
        was_lost = was_lost || probe.beyond_hit(kept) >= first_level;
    }
    return was_lost ? thousand : 0;
}

}  // namespace ringfence::measurements
