// SPDX-License-Identifier: MIT
#include "guest/measurements/instruction_cache.h"

#include <algorithm>
#include <bit>

#include "guest/measurements/caches.h"
#include "guest/measurements/jumps.h"
#include "guest/measurements/search.h"

namespace ringfence::measurements {

namespace {

constexpr u64 kib = 1024;

/// A round of jumps through `count` lines, `stride` bytes apart, downwards: what is prefetched
/// behind each is where the round has been.
Thousandths jump_downwards(Workbench& bench, u64 count, u64 stride) {
    return jump_round(bench, count, [&](u64 i) { return page_bytes + (count - 1 - i) * stride; });
}

/// Lines that can be gone round so that a jump costs less than `limit`.
u64 lines_kept(Workbench& bench, u64 low, u64 step, u64 most, u64 stride, Thousandths limit) {
    const u64 fit = (bench.code.memory().size() - page_bytes) / stride - 1;
    return largest(low, std::min(most, fit), step,
                   [&](u64 count) { return jump_downwards(bench, count, stride) < limit; });
}

u64 l1i_lines(Workbench& bench) {
    constexpr u64 few = 32;
    constexpr u64 step = 8;
    constexpr u64 most = 1U << 16U;
    const Thousandths hit = jump_downwards(bench, few, line_bytes);
    return lines_kept(bench, few, step, most, line_bytes, hit + thousand);
}

}  // namespace

Thousandths l1i_kib(Workbench& bench) {
    return l1i_lines(bench) * line_bytes * thousand / kib;
}

/// A way is taken to cover a power of two of bytes.
Thousandths l1i_ways(Workbench& bench) {
    constexpr u64 few = 2;
    constexpr u64 most_ways = 128;
    const u64 stride = std::bit_floor(l1i_lines(bench)) * line_bytes;
    const Thousandths hit = jump_downwards(bench, few, line_bytes);
    return thousand * lines_kept(bench, 1, 1, most_ways, stride, hit + 2 * thousand);
}

/// A hit's latency is not seen: fetch runs ahead. A miss costs as much less than a load's as the
/// latency that fetch hides.
Thousandths l1i_latency(Workbench& bench) {
    const u64 lines = l1i_lines(bench);
    const Thousandths miss =
        jump_downwards(bench, 2 * lines, line_bytes) - jump_downwards(bench, lines / 2, line_bytes);
    return l2_latency(bench) - miss;
}

}  // namespace ringfence::measurements
