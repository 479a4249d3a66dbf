// SPDX-License-Identifier: MIT
#include "guest/measurements/caches.h"

#include "guest/measurements/cache_sets.h"
#include "guest/measurements/chase.h"
#include "guest/measurements/search.h"

namespace ringfence::measurements {

namespace {

constexpr u64 kib = 1024;

/// Bytes that can be gone through without a step costing a quarter more than `hit`: when a few
/// percent more are touched than a cache keeps, a third of the steps miss.
u64 capacity(Workbench& bench, u64 low, u64 step, Thousandths hit) {
    return largest(low, bench.data.size(), step,
                   [&](u64 bytes) { return chase_through(bench, bytes) < hit + hit / 4; });
}

u64 whole_pages(u64 bytes) {
    return bytes / page_bytes * page_bytes;
}

u64 l1d_bytes(Workbench& bench) {
    constexpr u64 low = 2 * kib;
    constexpr u64 step = kib / 2;
    if (bench.found.l1d_bytes == 0) {
        bench.found.l1d_bytes = capacity(bench, low, step, l1d_latency(bench));
    }
    return bench.found.l1d_bytes;
}

u64 l2_bytes(Workbench& bench) {
    constexpr u64 step = 4 * page_bytes;
    if (bench.found.l2_bytes == 0) {
        bench.found.l2_bytes = capacity(bench, beyond_l1d(bench), step, l2_latency(bench));
    }
    return bench.found.l2_bytes;
}

}  // namespace

u64 beyond_l1d(Workbench& bench) {
    return 2 * whole_pages(l1d_bytes(bench));
}

u64 beyond_l2(Workbench& bench) {
    return 4 * whole_pages(l2_bytes(bench));
}

Thousandths l1d_latency(Workbench& bench) {
    constexpr u64 small = 2 * kib;
    return chase_through(bench, small);
}

Thousandths l1d_kib(Workbench& bench) {
    return l1d_bytes(bench) * thousand / kib;
}

Thousandths l1d_ways(Workbench& bench) {
    return l1d_set(bench).lines * thousand;
}

Thousandths l2_latency(Workbench& bench) {
    return chase_through(bench, beyond_l1d(bench));
}

Thousandths l2_kib(Workbench& bench) {
    return l2_bytes(bench) * thousand / kib;
}

Thousandths l2_ways(Workbench& bench) {
    return l2_set(bench).lines * thousand;
}

}  // namespace ringfence::measurements
