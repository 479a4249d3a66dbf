// SPDX-License-Identifier: MIT
#include "kernel/core/process/interval_timer.h"

#include <algorithm>

#include "kernel/core/scheduler/cpu_accounting.h"
#include "kernel/core/signal/send.h"

namespace ringfence::kernel {

namespace {

IntervalTimer& timer_of(Process& process, IntervalClock clock) {
    switch (clock) {
        case IntervalClock::Virtual:
            return process.virtual_timer;
        case IntervalClock::Profiling:
            return process.profiling_timer;
        case IntervalClock::Real:
            break;
    }
    return process.real_timer;
}

u32 signal_of(IntervalClock clock) {
    switch (clock) {
        case IntervalClock::Virtual:
            return signals::virtual_alarm;
        case IntervalClock::Profiling:
            return signals::profiling;
        case IntervalClock::Real:
            break;
    }
    return signals::alarm;
}

u64 now_on(Process& process, IntervalClock clock) {
    switch (clock) {
        case IntervalClock::Virtual:
            return cpu_times(process).user;
        case IntervalClock::Profiling:
            return cpu_time(process);
        case IntervalClock::Real:
            break;
    }
    return monotonic_now();
}

TimerQueue& queue_of(Process& process, IntervalClock clock) {
    switch (clock) {
        case IntervalClock::Virtual:
            process.own_user_clock = cpu_clock_of(process, CpuClockKind::User);
            return process.own_user_clock->timers();
        case IntervalClock::Profiling:
            process.own_cpu_clock = cpu_clock_of(process);
            return process.own_cpu_clock->timers();
        case IntervalClock::Real:
            break;
    }
    return timers();
}

void arm(Process& process, IntervalClock clock, u64 deadline) {
    queue_of(process, clock).arm(timer_of(process, clock).timer, deadline);
}

/// The next time, if it repeats. By CPU time ticks are counted from the first one on, and those
/// that the timer's own tick is too slow for are left out.
u64 next_deadline(Process& process, IntervalClock clock, const IntervalTimer& timer) {
    const u64 now = now_on(process, clock);
    if (clock == IntervalClock::Real) {
        return deadline_after(now, timer.interval);
    }
    return std::max(deadline_after(timer.timer.deadline(), timer.interval), now + 1);
}

}  // namespace

IntervalTimerValue read_interval_timer(Process& process, IntervalClock clock) {
    const IntervalTimer& timer = timer_of(process, clock);
    if (!timer.timer.armed()) {
        return {.interval = timer.interval};
    }
    const u64 now = now_on(process, clock);
    const u64 deadline = timer.timer.deadline();
    // Programs see microseconds, and none for a timer that is not armed.
    const u64 least = nanoseconds_per_microsecond;
    return {.remaining = deadline > now + least ? deadline - now : least,
            .interval = timer.interval};
}

void set_interval_timer(Process& process, IntervalClock clock, const IntervalTimerValue& value) {
    IntervalTimer& timer = timer_of(process, clock);
    timer.interval = value.interval;
    if (value.remaining == 0) {
        timer.timer.cancel();
    } else {
        arm(process, clock, deadline_after(now_on(process, clock), value.remaining));
    }
}

void fire_interval_timer(Process& process, IntervalClock clock) {
    const IntervalTimer& timer = timer_of(process, clock);
    if (timer.interval != 0) {
        arm(process, clock, next_deadline(process, clock, timer));
    }
    send_signal(process, {.number = signal_of(clock), .code = signal_codes::kernel});
}

}  // namespace ringfence::kernel
