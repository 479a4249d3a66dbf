// SPDX-License-Identifier: MIT
#include "guest/measurements/prefetchers.h"

#include "guest/measurements/cache_lines.h"
#include "guest/measurements/misses.h"

namespace ringfence::measurements {

namespace {

constexpr Thousandths yes = thousand;
constexpr Thousandths no = 0;

/// A page none of whose lines is in a cache, while its translation is known.
u8* flushed_page(Workbench& bench, u64 number) {
    u8* const page = bench.data.data() + number * page_bytes;
    volatile u8* const last = page + page_bytes - 1;
    *last = *last;  // a frame of its own
    for (u64 at = 0; at < page_bytes; at += line_bytes) {
        flush_line(page + at);
    }
    wait_for_memory();
    return page;
}

/// Loads lines of a page by their numbers, one at a time.
template <usize count>
void load_lines(u8* page, const u64 (&numbers)[count]) {
    for (const u64 number : numbers) {
        load_line(page + number * line_bytes);
        wait_for_lines();
    }
}

}  // namespace

Thousandths adjacent_line_prefetcher(Workbench& bench) {
    const u64 far = memory_latency(bench) / thousand;
    const LineProbe probe(bench);
    u8* const page = flushed_page(bench, 0);
    load_lines(page, {2});
    return probe.beyond_hit(page + 3 * line_bytes) < far / 2 ? yes : no;
}

/// Two lines on at a time: what is there beyond the pairs was brought by what follows streams.
Thousandths stream_prefetcher(Workbench& bench) {
    const u64 far = memory_latency(bench) / thousand;
    const LineProbe probe(bench);
    u8* const page = flushed_page(bench, 1);
    load_lines(page, {0, 2, 4, 6});
    return probe.beyond_hit(page + 8 * line_bytes) < far / 2 ? yes : no;
}

/// Ten lines on at a time, farther than a stream's next lines; into the first level.
Thousandths stride_prefetcher(Workbench& bench) {
    constexpr u64 stride = 10 * line_bytes;
    constexpr u64 loads = 6;
    const LineProbe probe(bench);
    bench.code.clear();
    const TimedLoop loop(bench.code, snippet("chase.start"),
                         [](Code& code) { code.add(snippet("load.by_stride")); });
    loop.run_once(flushed_page(bench, 3), 1);  // brings the code
    u8* const page = flushed_page(bench, 2);
    loop.run_once(page, loads);
    wait_for_lines();
    constexpr u64 first_level = 3;
    return probe.beyond_hit(page + loads * stride) < first_level ? yes : no;
}

/// Calls code in one of two neighbouring lines that were flushed, then times a call of the other.
/// They are not of one pair.
Thousandths next_line_instruction_prefetcher(Workbench& bench) {
    const u64 far = memory_latency(bench) / thousand;
    u8* const first = bench.code.begin() + 4 * page_bytes + line_bytes;
    u8* const second = first + line_bytes;
    for (u8* const function : {first, second}) {
        Code(std::span{function, line_bytes}).add(snippet("branch.return"));
    }
    const auto write_call = [&](const u8* function) {
        return TimedLoop::once(bench.fresh, [&](Code& code) { code.call(function); });
    };
    const TimedLoop call_first = write_call(first);
    const TimedLoop call_second = write_call(second);
    const u64 hit = call_second.run(bench.data.data(), 1);
    call_first.run_once(bench.data.data(), 1);
    flush_line(first);
    flush_line(second);
    wait_for_memory();
    call_first.run_once(bench.data.data(), 1);
    wait_for_lines();
    return call_second.run_once(bench.data.data(), 1) < hit + far / 2 ? yes : no;
}

}  // namespace ringfence::measurements
