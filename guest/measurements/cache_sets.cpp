// SPDX-License-Identifier: MIT
#include "guest/measurements/cache_sets.h"

#include <algorithm>

#include "guest/measurements/caches.h"
#include "guest/measurements/chase.h"
#include "guest/measurements/last_level_cache.h"
#include "guest/measurements/misses.h"
#include "guest/measurements/search.h"

namespace ringfence::measurements {

namespace {

constexpr u64 most_lines = 4096;

/// Lines that lie `stride` bytes apart and can be gone round so that a step costs less than
/// `limit`; `cycles(count)` goes round so many.
template <typename Cycles>
u64 lines_kept(Workbench& bench, u64 stride, Thousandths limit, Cycles cycles) {
    return largest(1, std::min(most_lines, bench.data.size() / stride), 1,
                   [&](u64 count) { return cycles(count) < limit; });
}

}  // namespace

CacheSet l1d_set(Workbench& bench) {
    if (bench.found.l1d_set.lines == 0) {
        constexpr u64 first = 1024;
        const Thousandths limit = 3 * l1d_latency(bench) / 2;
        bench.found.l1d_set = find_set(first, [&](u64 stride) {
            return lines_kept(bench, stride, limit,
                              [&](u64 count) { return chase_apart(bench, count, stride); });
        });
    }
    return bench.found.l1d_set;
}

/// Other lines of the same set of the first level, of other sets of the second, see to it that the
/// first keeps none.
CacheSet l2_set(Workbench& bench) {
    if (bench.found.l2_set.lines == 0) {
        const CacheSet before = l1d_set(bench);
        const Thousandths limit = 6 * l2_latency(bench) / 5;
        bench.found.l2_set = find_set(2 * before.stride, [&](u64 stride) {
            return lines_kept(bench, stride, limit, [&](u64 count) {
                return chase_apart_among(bench, count, stride, 2 * before.lines, before.stride);
            });
        });
    }
    return bench.found.l2_set;
}

CacheSet llc_set(Workbench& bench) {
    if (bench.found.llc_set.lines == 0) {
        constexpr u64 first = 64 * 1024;
        const Thousandths limit = llc_limit(bench);
        bench.found.llc_set = find_set(first, [&](u64 stride) {
            return lines_kept(bench, stride, limit,
                              [&](u64 count) { return chase_apart(bench, count, stride); });
        });
    }
    return bench.found.llc_set;
}

}  // namespace ringfence::measurements
