// SPDX-License-Identifier: MIT
#include "guest/measurements/widths.h"

#include <algorithm>

#include "guest/measurements/queues.h"
#include "guest/measurements/stopwatch.h"

namespace ringfence::measurements {

namespace {

/// How many there are in a cycle if one takes `cycles`.
Thousandths rate(Thousandths cycles) {
    return cycles == 0 ? 0 : thousand * thousand / cycles;
}

/// Cycles for one more copy of a group, between fences: what is there in front of a full queue.
Thousandths cycles_in_burst(Workbench& bench, std::span<const u8> group, u64 copies) {
    constexpr u64 bursts = 8;
    const auto time = [&](u64 count) {
        bench.code.clear();
        const TimedLoop run = TimedLoop::once(bench.code, [&](Code& code) {
            for (u64 i = 0; i < bursts; ++i) {
                code.add(snippet("burst.begin"));
                code.add(group, count);
                code.add(snippet("burst.end"));
            }
        });
        return run.run(bench.data.data(), 1);
    };
    const u64 some = time(copies);
    const u64 more = time(2 * copies);
    return more <= some ? 0 : (more - some) * thousand / (bursts * copies);
}

}  // namespace

Thousandths fetch_bytes(Workbench& bench) {
    constexpr u64 count = 128;
    u8 nops[longest_instruction];
    Code(std::span{nops}).add_longest_nops(1);
    return rate(cycles_per_copy(bench, nothing(), nops, count)) * longest_instruction;
}

Thousandths instructions_per_cycle(Workbench& bench) {
    constexpr u64 count = 64;
    constexpr u64 each = 16;
    u8 nops[each];
    Code(std::span{nops}).add_nops(each);
    return rate(cycles_per_copy(bench, nothing(), nops, count)) * each;
}

Thousandths micro_operations_per_cycle(Workbench& bench) {
    constexpr u64 count = 64;
    const auto many = snippet("group.microcode");
    const Thousandths slots = slots_of(bench, many, 1);
    const Thousandths cycles = cycles_per_copy(bench, nothing(), many, count);
    const Thousandths of_many = cycles == 0 ? 0 : slots * thousand / cycles;
    return std::max(of_many, instructions_per_cycle(bench));
}

Thousandths loads_per_cycle(Workbench& bench) {
    constexpr u64 count = 64;
    constexpr u64 each = 8;
    return rate(cycles_per_copy(bench, nothing(), snippet("memory.loads"), count)) * each;
}

Thousandths stores_per_cycle(Workbench& bench) {
    constexpr u64 count = 8;
    return rate(cycles_in_burst(bench, snippet("filler.store"), count));
}

Thousandths accesses_per_cycle(Workbench& bench) {
    struct Mix {
        const char* group;
        u64 accesses;
        u64 copies;  ///< twice as many stores fit into any store queue
    };
    constexpr Mix mixes[] = {{"memory.load_store", 2, 8},
                             {"memory.2_loads_store", 3, 8},
                             {"memory.2_loads_2_stores", 4, 4}};
    Thousandths best = 0;
    for (const Mix& mix : mixes) {
        const Thousandths cycles = cycles_in_burst(bench, snippet(mix.group), mix.copies);
        best = std::max(best, rate(cycles) * mix.accesses);
    }
    return best;
}

Thousandths store_forward_latency(Workbench& bench) {
    constexpr u64 count = 32;
    return cycles_per_copy(bench, nothing(), snippet("memory.forward"), count);
}

}  // namespace ringfence::measurements
