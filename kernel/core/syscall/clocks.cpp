// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/clocks.h"

#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel::syscalls {

Fallible<u64> read_clock(u32 clock) {
    switch (static_cast<Clock>(clock)) {
        case Clock::Realtime:
        case Clock::RealtimeCoarse:
        case Clock::RealtimeAlarm:
        case Clock::International:
            return realtime_now();
        case Clock::Monotonic:
        case Clock::MonotonicRaw:
        case Clock::MonotonicCoarse:
        case Clock::BootTime:
        case Clock::BootTimeAlarm:
            return monotonic_now();
        case Clock::ProcessCpu:
            return cpu_time(current_process());
        case Clock::ThreadCpu:
            return cpu_time(current_thread());
    }
    return Error{Errno::Einval};
}

Fallible<TimerRequest> read_timer_request(Pointer value, u32 clock, bool absolute) {
    RF_TRY_ASSIGN(given, read_user<TimerSpec>(value));
    if (!is_valid(given.interval) || !is_valid(given.remaining)) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(now, read_clock(clock));
    const u64 time = to_nanoseconds(given.remaining);
    if (time == 0) {
        return TimerRequest{.interval = to_nanoseconds(given.interval)};
    }
    const u64 passed_already = absolute ? now : 0;
    const u64 left = time > passed_already ? time - passed_already : 0;
    return TimerRequest{.first = deadline_after(monotonic_now(), left),
                        .interval = to_nanoseconds(given.interval)};
}

}  // namespace ringfence::kernel::syscalls
