// SPDX-License-Identifier: MIT
// Clocks, sleeping and interval timers.
#include "kernel/core/process/interval_timer.h"
#include "kernel/core/scheduler/cpu_accounting.h"
#include "kernel/core/signal/deliver.h"
#include "kernel/core/syscall/clocks.h"
#include "kernel/core/syscall/cpu_clocks.h"
#include "kernel/core/syscall/support.h"
#include "kernel_arch/cpu.h"

namespace ringfence::kernel {

u64 monotonic_now() {
    return arch::monotonic_ns();
}

u64 realtime_now() {
    static const u64 boot_time = arch::boot_time_ns();
    return boot_time + monotonic_now();
}

}  // namespace ringfence::kernel

namespace ringfence::kernel::syscalls {

namespace {

/// Sleeps until `deadline`. If a signal comes first the call is restarted with the same deadline,
/// unless a handler runs: then the program is told what was left.
Nothing sleep_until(u64 deadline, Pointer remaining) {
    Thread& thread = current_thread();
    if (thread.restart.armed) {
        deadline = thread.restart.deadline;
        thread.restart = {};
    }
    WakeReason reason = WakeReason::Woken;
    while (reason == WakeReason::Woken) {
        reason = sleep_on({}, deadline);
    }
    if (reason == WakeReason::TimedOut) {
        return {};
    }
    const u64 now = monotonic_now();
    if (remaining != Pointer{}) {
        RF_TRY(write_user(remaining, to_timespec(deadline > now ? deadline - now : 0)));
    }
    thread.restart = {.armed = true, .deadline = deadline, .remaining = remaining};
    return Error{Errno::RestartWithBlock};
}

struct IntervalValue {
    TimeValue interval;
    TimeValue remaining;
};

IntervalValue to_user(const IntervalTimerValue& value) {
    return {to_timeval(value.interval), to_timeval(value.remaining)};
}

Fallible<IntervalClock> interval_clock(u32 which) {
    if (which > static_cast<u32>(IntervalClock::Profiling)) {
        return Error{Errno::Einval};
    }
    return static_cast<IntervalClock>(which);
}

/// [linux/abi]: clock_nanosleep(2), ENOTSUP
bool can_be_slept_by(u32 clock) {
    const ClockTraits* const traits = traits_of(clock);
    return (traits != nullptr && traits->drives_timers) ||
           (is_cpu_clock(clock) && clock != static_cast<u32>(Clock::ThreadCpu));
}

}  // namespace

Nothing clock_gettime(u32 clock, Pointer time) {
    RF_TRY_ASSIGN(now, read_clock(clock));
    return write_user(time, to_timespec(now));
}

Nothing clock_settime(u32 clock, Pointer time) {
    const bool numbered = static_cast<i32>(clock) < 0 && is_cpu_clock(clock);
    if (clock != static_cast<u32>(Clock::Realtime) && !numbered) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(wanted, read_user<TimeSpec>(time));
    if (numbered) {
        RF_TRY(cpu_time_of(clock, ClockUse::Timing));
    } else if (!is_valid(wanted)) {
        return Error{Errno::Einval};
    }
    return Error{Errno::Eperm};  // runs are to be repeatable: nobody may set the clock
}

/// Only the kernel goes on with a call, see sleep_until; a program that asks for it has none.
/// [linux/abi]: restart_syscall(2)
Nothing restart_syscall() {
    return Error{Errno::Eintr};
}

Nothing clock_getres(u32 clock, Pointer resolution) {
    RF_TRY(read_clock(clock));
    const ClockTraits* const traits = traits_of(clock);
    const u64 step = traits != nullptr && traits->coarse
                         ? nanoseconds_per_second / arch::timer_ticks_per_second
                         : cpu_clock_resolution(clock);
    return write_user_if_wanted(resolution, to_timespec(step));
}

Nothing nanosleep(Pointer duration, Pointer remaining) {
    RF_TRY_ASSIGN(time, read_user<TimeSpec>(duration));
    if (!is_valid(time)) {
        return Error{Errno::Einval};
    }
    return sleep_until(deadline_after(monotonic_now(), to_nanoseconds(time)), remaining);
}

Nothing clock_nanosleep(u32 clock, u32 flags, Pointer duration, Pointer remaining) {
    using Absolute = Flag<0, u32>;
    if (!is_clock(clock)) {
        return Error{Errno::Einval};
    }
    if (!can_be_slept_by(clock)) {
        return Error{Errno::Eopnotsupp};
    }
    RF_TRY_ASSIGN(time, read_user<TimeSpec>(duration));
    if (!is_valid(time)) {
        return Error{Errno::Einval};
    }
    const u64 wanted = to_nanoseconds(time);
    if (is_cpu_clock(clock)) {
        return sleep_by_cpu_clock(clock, Absolute::test(flags), wanted, remaining);
    }
    RF_TRY_ASSIGN(now, read_clock(clock));
    if (!Absolute::test(flags)) {
        return sleep_until(deadline_after(monotonic_now(), wanted), remaining);
    }
    const u64 left = wanted > now ? wanted - now : 0;
    return sleep_until(deadline_after(monotonic_now(), left), Pointer{});
}

Nothing gettimeofday(Pointer time, Pointer zone) {
    struct TimeZone {
        i32 minutes_west;
        i32 daylight_saving;
    };
    RF_TRY(write_user_if_wanted(time, to_timeval(realtime_now())));
    return write_user_if_wanted(zone, TimeZone{});
}

Value time(Pointer time) {
    const u64 seconds = realtime_now() / nanoseconds_per_second;
    RF_TRY(write_user_if_wanted(time, seconds));
    return seconds;
}

Value times(Pointer times) {
    struct Times {
        u64 user;
        u64 system;
        u64 children_user;
        u64 children_system;
    };
    Process& process = current_process();
    const CpuTimes own = cpu_times(process);
    const CpuTimes& children = process.children_times;
    const Times used{.user = own.user / nanoseconds_per_clock_tick,
                     .system = own.system / nanoseconds_per_clock_tick,
                     .children_user = children.user / nanoseconds_per_clock_tick,
                     .children_system = children.system / nanoseconds_per_clock_tick};
    RF_TRY(write_user_if_wanted(times, used));
    return monotonic_now() / nanoseconds_per_clock_tick;
}

Value alarm(u32 seconds) {
    Process& process = current_process();
    const u64 before = read_interval_timer(process, IntervalClock::Real).remaining;
    set_interval_timer(process, IntervalClock::Real,
                       {.remaining = seconds * nanoseconds_per_second});
    // Rounded, but never to "none" while there is one.
    const u64 rounded = (before + nanoseconds_per_second / 2) / nanoseconds_per_second;
    return before != 0 && rounded == 0 ? u64{1} : rounded;
}

Nothing getitimer(u32 which, Pointer value) {
    RF_TRY_ASSIGN(clock, interval_clock(which));
    return write_user(value, to_user(read_interval_timer(current_process(), clock)));
}

Nothing setitimer(u32 which, Pointer value, Pointer old) {
    IntervalTimerValue wanted;
    if (value != Pointer{}) {
        RF_TRY_ASSIGN(given, read_user<IntervalValue>(value));
        if (!is_valid(given.interval) || !is_valid(given.remaining)) {
            return Error{Errno::Einval};
        }
        wanted = {to_nanoseconds(given.remaining), to_nanoseconds(given.interval)};
    }
    RF_TRY_ASSIGN(clock, interval_clock(which));
    const IntervalValue before = to_user(read_interval_timer(current_process(), clock));
    set_interval_timer(current_process(), clock, wanted);
    return write_user_if_wanted(old, before);
}

}  // namespace ringfence::kernel::syscalls
