// SPDX-License-Identifier: MIT
#include "guest/measurements/stopwatch.h"

#include <algorithm>

namespace ringfence::measurements {

namespace {
constexpr unsigned warming_runs = 2;
constexpr unsigned measured_runs = 3;
}  // namespace

u64 TimedLoop::run_once(void* data, u64 iterations) const {
    using Function = u64 (*)(void*, u64);
    return reinterpret_cast<Function>(reinterpret_cast<u64>(start_))(data, iterations);
}

u64 TimedLoop::run(void* data, u64 iterations) const {
    for (unsigned i = 0; i < warming_runs; ++i) {
        run_once(data, iterations);
    }
    u64 fewest = ~u64{0};
    for (unsigned i = 0; i < measured_runs; ++i) {
        fewest = std::min(fewest, run_once(data, iterations));
    }
    return fewest;
}

Thousandths cycles_per_copy(Workbench& bench, std::span<const u8> prepare, std::span<const u8> body,
                            u64 copies) {
    constexpr u64 iterations = 20;
    const auto time = [&](u64 count) {
        bench.code.clear();
        const TimedLoop loop(bench.code, prepare, [&](Code& code) { code.add(body, count); });
        return loop.run(bench.data.data(), iterations);
    };
    const u64 once = time(copies);
    const u64 twice = time(2 * copies);
    return twice <= once ? 0 : (twice - once) * thousand / (iterations * copies);
}

}  // namespace ringfence::measurements
