// SPDX-License-Identifier: MIT
// The interval timers of a process: setitimer, and alarm. [linux/abi]: setitimer(2)
#pragma once

#include "kernel/core/process/process.h"

namespace ringfence::kernel {

/// By which clock: real time, or the process's CPU time, in user mode or in all.
enum class IntervalClock : u32 { Real = 0, Virtual = 1, Profiling = 2 };

/// Nanoseconds until it fires (0: not armed) and between later times.
struct IntervalTimerValue {
    u64 remaining = 0;
    u64 interval = 0;
};

[[nodiscard]] IntervalTimerValue read_interval_timer(Process& process, IntervalClock clock);
void set_interval_timer(Process& process, IntervalClock clock, const IntervalTimerValue& value);
/// Its time has come: a signal, and once more if it repeats.
void fire_interval_timer(Process& process, IntervalClock clock);

}  // namespace ringfence::kernel
