// SPDX-License-Identifier: MIT
#include "guest/measurements/tlbs.h"

#include <bit>

#include "guest/measurements/chase.h"
#include "guest/measurements/jumps.h"
#include "guest/measurements/search.h"

namespace ringfence::measurements {

namespace {

constexpr u64 most_entries = 512;
constexpr Thousandths half_a_cycle = thousand / 2;

/// Where the i-th of some pages is touched: on lines that do not crowd one set of a cache.
constexpr u64 place_in_page(u64 i) {
    return i * line_bytes % page_bytes;
}

/// One load in each of `count` pages that lie `pages_apart` apart.
Thousandths chase_pages(Workbench& bench, u64 count, u64 pages_apart) {
    return chase(bench, count, [&](u64 i) {
        return bench.data.data() + i * pages_apart * page_bytes + place_in_page(i);
    });
}

/// One jump in each of `pages` pages, the loop's own page included.
Thousandths jump_pages(Workbench& bench, u64 pages, u64 pages_apart) {
    return jump_round(bench, pages - 1,
                      [&](u64 i) { return (i + 1) * pages_apart * page_bytes + place_in_page(i); });
}

u64 most_pages(std::span<const u8> memory, u64 pages_apart) {
    const u64 fit = memory.size() / page_bytes / pages_apart - 1;
    return fit < most_entries ? fit : most_entries;
}

}  // namespace

Thousandths dtlb_entries(Workbench& bench) {
    const Thousandths hit = chase_pages(bench, 1, 1);
    return thousand * largest(1, most_pages(bench.data, 1), 1, [&](u64 count) {
               return chase_pages(bench, count, 1) < hit + half_a_cycle;
           });
}

/// All pages whose numbers are a multiple of the number of sets, which is taken to be a power of
/// two, share a set.
Thousandths dtlb_ways(Workbench& bench) {
    const u64 apart = std::bit_floor(dtlb_entries(bench) / thousand);
    const Thousandths hit = chase_pages(bench, 1, 1);
    return thousand * largest(1, most_pages(bench.data, apart), 1, [&](u64 count) {
               return chase_pages(bench, count, apart) < hit + half_a_cycle;
           });
}

Thousandths dtlb_miss_cost(Workbench& bench) {
    const u64 entries = dtlb_entries(bench) / thousand;
    return chase_pages(bench, 2 * entries, 1) - chase_pages(bench, 1, 1);
}

/// A jump that misses costs several cycles more; one of many that does must not go unseen.
Thousandths itlb_entries(Workbench& bench) {
    constexpr u64 few = 32;
    constexpr Thousandths noticeable = thousand / 5;
    const Thousandths hit = jump_pages(bench, few, 1);
    return thousand * largest(few, most_pages(bench.code.memory(), 1), 1, [&](u64 count) {
               return jump_pages(bench, count, 1) < hit + noticeable;
           });
}

Thousandths itlb_ways(Workbench& bench) {
    constexpr u64 few = 2;
    const u64 apart = std::bit_floor(itlb_entries(bench) / thousand);
    const Thousandths hit = jump_pages(bench, few, 1);
    return thousand * largest(1, most_pages(bench.code.memory(), apart), 1, [&](u64 count) {
               return jump_pages(bench, count, apart) < hit + half_a_cycle;
           });
}

Thousandths itlb_miss_cost(Workbench& bench) {
    const u64 entries = itlb_entries(bench) / thousand;
    return jump_pages(bench, 2 * entries, 1) - jump_pages(bench, entries / 2, 1);
}

}  // namespace ringfence::measurements
