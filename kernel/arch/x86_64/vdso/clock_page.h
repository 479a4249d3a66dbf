// SPDX-License-Identifier: MIT
// What the vDSO reads the time from: a page before its code, which never changes once the clock
// runs.
#pragma once

#include "base/types.h"

namespace ringfence::kernel::arch {

/// Nanoseconds since the kernel started: (TSC - start_tsc) * nanoseconds_per_cycle >> 32.
struct ClockPage {
    u64 start_tsc = 0;
    u64 nanoseconds_per_cycle = 0;  ///< 32.32 fixed point
    u64 boot_realtime = 0;          ///< nanoseconds from 1970 to the kernel's start

    [[nodiscard]] constexpr u64 monotonic(u64 tsc) const {
        using u128 = unsigned __int128;
        return static_cast<u64>((u128{tsc - start_tsc} * nanoseconds_per_cycle) >> 32);
    }
};

}  // namespace ringfence::kernel::arch
