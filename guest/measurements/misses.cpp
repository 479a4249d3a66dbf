// SPDX-License-Identifier: MIT
#include "guest/measurements/misses.h"

#include <algorithm>

#include "guest/measurements/cache_lines.h"
#include "guest/measurements/caches.h"
#include "guest/measurements/chase.h"

namespace ringfence::measurements {

namespace {

/// A line in a page of its own, so that no prefetcher takes several for a stream. The other line of
/// its pair is never asked for.
u8* lone_line(Workbench& bench, u64 number) {
    constexpr u64 pair = 2 * line_bytes;
    return bench.data.data() + number * page_bytes + number * pair % page_bytes;
}

/// Takes lines 0 to `count` - 1 out of all caches. They are written first: pages that were only
/// read may all be one frame of zeros.
void flush_lone_lines(Workbench& bench, u64 count) {
    for (u64 i = 0; i < count; ++i) {
        volatile u8* const line = lone_line(bench, i);
        *line = *line;
        flush_line(lone_line(bench, i));
    }
    wait_for_memory();
    wait_for_lines();
}

}  // namespace

/// A chain of loads from lines that were flushed.
Thousandths memory_latency(Workbench& bench) {
    constexpr u64 most = 32;
    for (u64 i = 0; i < most; ++i) {
        *reinterpret_cast<u8**>(lone_line(bench, i)) = lone_line(bench, i + 1);
    }
    const auto time = [&](u64 loads) {
        bench.code.clear();
        const TimedLoop run = TimedLoop::once(bench.code, [&](Code& code) {
            code.add(snippet("chase.start"));
            code.add(snippet("chase.step"), loads);
        });
        u64 fewest = ~u64{0};
        constexpr unsigned runs = 3;
        for (unsigned i = 0; i < runs; ++i) {
            flush_lone_lines(bench, most);
            fewest = std::min(fewest, run.run_once(lone_line(bench, 0), 1));
        }
        return fewest;
    };
    return (time(most) - time(most / 2)) * thousand / (most - most / 2);
}

/// Loads that do not wait for each other; the other lines of their pairs are there, so that nothing
/// is prefetched beside them.
Thousandths memory_gap(Workbench& bench) {
    constexpr u64 lines = 8;  // no more than any first level has buffers
    const auto time = [&](u64 loads) {
        bench.code.clear();
        const TimedLoop run = TimedLoop::once(bench.code, [&](Code& code) {
            for (u64 i = 0; i < loads; ++i) {
                constexpr unsigned rcx = 1;
                code.load_constant(rcx, reinterpret_cast<u64>(lone_line(bench, i)));
                code.add(snippet("load.by_rcx"));
            }
        });
        u64 fewest = ~u64{0};
        constexpr unsigned runs = 3;
        for (unsigned i = 0; i < runs; ++i) {
            for (u64 line = 0; line < lines; ++line) {
                load_line(lone_line(bench, line) + line_bytes);
            }
            flush_lone_lines(bench, lines);
            fewest = std::min(fewest, run.run_once(bench.data.data(), 1));
        }
        return fewest;
    };
    return (time(lines) - time(1)) * thousand / (lines - 1);
}

/// Where all loads miss the first level and hit the second, each holds a buffer for the second's
/// latency.
Thousandths l1d_fill_buffers(Workbench& bench) {
    const u64 bytes = beyond_l1d(bench);
    const Thousandths latency = l2_latency(bench);
    bench.code.clear();
    const TimedLoop loop(bench.code, nothing(), [&](Code& code) {
        for (u64 at = 0; at < bytes; at += line_bytes) {
            code.load_at_distance(at);
        }
    });
    constexpr u64 rounds = 4;
    const u64 once = loop.run(bench.data.data(), rounds);
    const u64 twice = loop.run(bench.data.data(), 2 * rounds);
    return latency * rounds * (bytes / line_bytes) / (twice - once);
}

Thousandths l2_fill_buffers(Workbench& bench) {
    constexpr u64 lines = 96;  // fewer cycles to ask for than any line takes to come
    const u64 far = memory_latency(bench) / thousand;
    const LineProbe probe(bench);
    bench.code.clear();
    const TimedLoop prefetch = TimedLoop::once(bench.code, [&](Code& code) {
        for (u64 i = 0; i < lines; ++i) {
            code.prefetch_at_distance(static_cast<u64>(lone_line(bench, i) - bench.data.data()));
        }
    });
    // The first run brings the code; of the others the middle one, as an interrupt may come in one.
    constexpr unsigned runs = 4;
    u64 there[runs] = {};
    for (u64& lines_there : there) {
        flush_lone_lines(bench, lines);
        prefetch.run_once(bench.data.data(), 1);
        wait_for_lines();
        for (u64 line = 0; line < lines; ++line) {
            lines_there += probe.beyond_hit(lone_line(bench, line)) < far / 2 ? 1 : 0;
        }
    }
    std::ranges::sort(std::span{there}.subspan(1));
    return there[runs / 2] * thousand;
}

}  // namespace ringfence::measurements
