// SPDX-License-Identifier: MIT
// The real-time interval timer of a process: alarm and setitimer.
#pragma once

#include "kernel/core/process/process.h"

namespace ringfence::kernel {

/// Nanoseconds until it fires (0: not armed) and between later times.
struct IntervalTimerValue {
    u64 remaining = 0;
    u64 interval = 0;
};

[[nodiscard]] IntervalTimerValue read_real_timer(const Process& process);
void set_real_timer(Process& process, const IntervalTimerValue& value);
/// Its time has come: SIGALRM, and once more if it repeats.
void fire_real_timer(Process& process);

}  // namespace ringfence::kernel
