// SPDX-License-Identifier: MIT
// Who has used the CPU, and in which mode. [linux/abi]: times(2), getrusage(2), proc_stat(5)
#pragma once

#include "kernel/core/process/process.h"

namespace ringfence::kernel {

/// A tick of the timer: it stands for the time of `running`, which is the idle thread or the one
/// whose process was interrupted.
void count_tick(Thread& running, CpuMode mode);

/// Nanoseconds of CPU time of a thread, and of all threads that a process has and has had. What is
/// read of a subject never decreases.
[[nodiscard]] CpuTimes cpu_times(Thread& thread);
[[nodiscard]] CpuTimes cpu_times(Process& process);

/// Nanoseconds since the kernel started, by what the CPU did.
struct MachineTimes {
    u64 user = 0;
    u64 nice = 0;  ///< user mode, of processes that are nicer than usual
    u64 system = 0;
    u64 idle =
        0;  ///< the idle thread's, and that of starting the kernel, which is done by the same
};
[[nodiscard]] MachineTimes machine_times();

}  // namespace ringfence::kernel
