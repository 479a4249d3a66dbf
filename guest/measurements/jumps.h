// SPDX-License-Identifier: MIT
// A round of jumps through executable memory: what fetch takes for lines and pages.
#pragma once

#include "base/compiler.h"
#include "guest/measurements/stopwatch.h"

namespace ringfence::measurements {

/// Cycles for one jump of a round of `count` jumps at the offsets `place(0)`, `place(1)` and so on
/// in the code's memory, whose first page holds the loop itself; a jump takes 5 bytes. Caches, TLBs
/// and predictors have seen all of them.
template <typename Place>
Thousandths jump_round(Workbench& bench, u64 count, Place place) {
    Code& code = bench.code;
    code.clear();
    const TimedLoop loop(code, nothing(),
                         [&](Code& here) { here.jump_to(here.begin() + place(0)); });
    constexpr u64 jump_bytes = 5;
    // The loop goes on behind its own jump, to which the last jump of the round leads back.
    u8* const back = code.begin() + snippet("frame.enter").size() + jump_bytes;
    for (u64 i = 0; i < count; ++i) {
        RF_ASSERT(place(i) >= page_bytes);
        Code jump(code.memory().subspan(place(i), jump_bytes));
        jump.jump_to(i + 1 == count ? back : code.begin() + place(i + 1));
    }
    constexpr u64 fewest_jumps = 512;
    const u64 rounds = count < fewest_jumps ? fewest_jumps / count : 1;
    const u64 once = loop.run(bench.data.data(), rounds);
    const u64 twice = loop.run(bench.data.data(), 2 * rounds);
    return twice <= once ? 0 : (twice - once) * thousand / (rounds * count);
}

}  // namespace ringfence::measurements
