// SPDX-License-Identifier: MIT
#include "kernel/core/scheduler/cpu_accounting.h"

#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

namespace {

/// All processes together.
struct Machine {
    TickCounts ticks;
    u64 nice_ticks = 0;  ///< of the user's
    CpuTimeSplit by_mode;
    CpuTimeSplit by_niceness;
};
Machine machine;

}  // namespace

void count_tick(Thread& running, CpuMode mode) {
    if (running.is_idle()) {
        return;
    }
    running.ticks.count(mode);
    machine.ticks.count(mode);
    if (mode == CpuMode::User && running.process().nice > 0) {
        ++machine.nice_ticks;
    }
}

CpuTimes cpu_times(Thread& thread) {
    return thread.time_split.divide(cpu_time(thread), thread.ticks);
}

u64 cpu_time(const Process& process) {
    u64 total = process.ended_threads_time;
    for (const Thread& thread : process.threads) {
        total += cpu_time(thread);
    }
    return total;
}

CpuTimes cpu_times(Process& process) {
    TickCounts ticks = process.ended_threads_ticks;
    for (const Thread& thread : process.threads) {
        ticks += thread.ticks;
    }
    return process.time_split.divide(cpu_time(process), ticks);
}

MachineTimes machine_times() {
    const u64 idle = idle_time();
    const CpuTimes busy = machine.by_mode.divide(monotonic_now() - idle, machine.ticks);
    const TickCounts user_ticks{machine.ticks.user - machine.nice_ticks, machine.nice_ticks};
    const CpuTimes user = machine.by_niceness.divide(busy.user, user_ticks);
    return {.user = user.user, .nice = user.system, .system = busy.system, .idle = idle};
}

}  // namespace ringfence::kernel
