// SPDX-License-Identifier: MIT
#include "guest/measurements/chase.h"

#include <algorithm>

#include "base/compiler.h"
#include "guest/measurements/stopwatch.h"

namespace ringfence::measurements {

namespace {

/// Of every other line.
constexpr u64 step_bytes = 2 * line_bytes;
constexpr u64 steps_in_page = page_bytes / step_bytes;

/// Where the i-th step of a page goes: from its lower half to its upper and back.
constexpr u64 step_in_page(u64 i) {
    constexpr u64 half = steps_in_page / 2;
    constexpr u64 scatter = 5;
    return i % 2 * half + i / 2 * scatter % half;
}

}  // namespace

/// The loop has as many loads as a page has steps: each of them goes from page to page, farther
/// than prefetchers follow. Whole rounds, so that no run begins with what the one before has left.
Thousandths cycles_per_step(Workbench& bench, u8* first, u64 count) {
    constexpr u64 fewest_steps = 2048;
    const auto time = [&](u64 steps) {
        const auto step = snippet("chase.step");
        bench.code.clear();
        const TimedLoop loop(
            bench.code, snippet("chase.start"), [&](Code& code) { code.add(step, steps_in_page); },
            [&](Code& code) { code.add(step, steps % steps_in_page); });
        const u64 iterations = steps / steps_in_page;
        loop.run_once(first, iterations);
        // The better of two: an interrupt may have come in one.
        return std::min(loop.run_once(first, iterations), loop.run_once(first, iterations));
    };
    const u64 steps = count * (count < fewest_steps ? fewest_steps / count : 1);
    const u64 once = time(steps);
    const u64 twice = time(2 * steps);
    return twice <= once ? 0 : (twice - once) * thousand / steps;
}

Thousandths chase_through(Workbench& bench, u64 bytes) {
    RF_ASSERT(bytes <= bench.data.size());
    const u64 whole_pages = bytes / page_bytes;
    return chase(bench, bytes / step_bytes, [&](u64 i) {
        const u64 page = i / steps_in_page;
        const u64 step = i % steps_in_page;
        return bench.data.data() + page * page_bytes +
               (page < whole_pages ? step_in_page(step) : step) * step_bytes;
    });
}

namespace {

/// Where such chases begin: on a line of sets in which nothing lies that begins a page.
u8* first_line(Workbench& bench) {
    constexpr u64 lines = 29;
    return bench.data.data() + lines * line_bytes;
}

}  // namespace

Thousandths chase_apart(Workbench& bench, u64 count, u64 stride) {
    RF_ASSERT(count * stride <= bench.data.size());
    return chase(bench, count, [&](u64 i) { return first_line(bench) + i * stride; });
}

Thousandths chase_apart_among(Workbench& bench, u64 count, u64 stride, u64 others,
                              u64 other_stride) {
    RF_ASSERT(count * stride <= bench.data.size());
    return chase(bench, count + others, [&](u64 i) {
        return first_line(bench) + (i < count ? i * stride : (2 * (i - count) + 1) * other_stride);
    });
}

}  // namespace ringfence::measurements
