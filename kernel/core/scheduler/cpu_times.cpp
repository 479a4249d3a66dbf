// SPDX-License-Identifier: MIT
#include "kernel/core/scheduler/cpu_times.h"

#include <algorithm>

namespace ringfence::kernel {

namespace {

/// `total` * `part` / `whole`, rounded down, without a product that is too long. `part` is not
/// above `whole`, which is above 0 and below 2^32.
constexpr u64 share_of(u64 total, u64 part, u64 whole) {
    return total / whole * part + total % whole * part / whole;
}

}  // namespace

CpuTimes CpuTimeSplit::divide(u64 total, const TickCounts& ticks) {
    if (total > told_.total()) {
        const u64 all = ticks.user + ticks.system;
        const u64 system = all == 0 ? 0 : share_of(total, ticks.system, all);
        // What was told stays told: of what is new, either part gets what it lacks.
        told_.system = std::clamp(system, told_.system, total - told_.user);
        told_.user = total - told_.system;
    }
    return told_;
}

}  // namespace ringfence::kernel
