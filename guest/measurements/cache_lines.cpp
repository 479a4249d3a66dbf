// SPDX-License-Identifier: MIT
#include "guest/measurements/cache_lines.h"

namespace ringfence::measurements {

LineProbe::LineProbe(Workbench& bench)
    : load_(TimedLoop::once(bench.fresh, [](Code& code) { code.add(snippet("filler.load")); })),
      hit_(load_.run(bench.data.data(), 1)) {}

u64 LineProbe::beyond_hit(u8* line) const {
    const u64 cycles = load_.run_once(line, 1);
    return cycles < hit_ ? 0 : cycles - hit_;
}

void wait_for_lines() {
    constexpr u64 most_cycles = 20'000;
    const u64 start = __builtin_ia32_rdtsc();
    while (__builtin_ia32_rdtsc() - start < most_cycles) {
    }
}

}  // namespace ringfence::measurements
