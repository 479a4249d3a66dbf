// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/clocks.h"

#include "kernel/core/syscall/cpu_clocks.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel::syscalls {

bool is_clock(u32 clock) {
    constexpr u32 unused = 10;
    return static_cast<i32>(clock) < 0 ||
           (clock <= static_cast<u32>(Clock::International) && clock != unused);
}

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
        case Clock::ThreadCpu:
            break;
    }
    RF_TRY_ASSIGN(subject, cpu_time_of(clock, ClockUse::Reading));
    return subject.now();
}

Fallible<TimerRequest> read_timer_request(Pointer value, u32 clock, bool absolute) {
    RF_TRY_ASSIGN(now, read_clock(clock));
    return read_timer_request(value, {.shown = now, .queue = monotonic_now()}, absolute);
}

Fallible<TimerRequest> read_timer_request(Pointer value, const ClockNow& now, bool absolute) {
    RF_TRY_ASSIGN(given, read_user<TimerSpec>(value));
    if (!is_valid(given.interval) || !is_valid(given.remaining)) {
        return Error{Errno::Einval};
    }
    const u64 time = to_nanoseconds(given.remaining);
    if (time == 0) {
        return TimerRequest{.interval = to_nanoseconds(given.interval)};
    }
    const u64 passed_already = absolute ? now.shown : 0;
    const u64 left = time > passed_already ? time - passed_already : 0;
    return TimerRequest{.first = deadline_after(now.queue, left),
                        .interval = to_nanoseconds(given.interval)};
}

}  // namespace ringfence::kernel::syscalls
