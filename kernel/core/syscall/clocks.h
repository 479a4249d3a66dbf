// SPDX-License-Identifier: MIT
// The clocks that programs name, and times as they give them to timers.
#pragma once

#include "kernel/core/syscall/handlers.h"
#include "kernel/core/time.h"

namespace ringfence::kernel::syscalls {

/// [linux/abi]: include/uapi/linux/time.h
enum class Clock : u32 {
    Realtime = 0,
    Monotonic = 1,
    ProcessCpu = 2,
    ThreadCpu = 3,
    MonotonicRaw = 4,
    RealtimeCoarse = 5,
    MonotonicCoarse = 6,
    BootTime = 7,
    RealtimeAlarm = 8,
    BootTimeAlarm = 9,
    International = 11,
};

/// What a clock shows, and what it is good for.
struct ClockTraits {
    enum class Shown : u8 { Realtime, Monotonic, CpuTime };
    Shown shown;
    bool coarse = false;              ///< moves on by ticks, for whoever asks
    bool drives_timers = false;       ///< those of timer_create and clock_nanosleep
    bool drives_timer_files = false;  ///< those of timerfd_create
    bool wakes_from_suspend = false;  ///< which takes a privilege
};
/// Null if no clock above has this number. CPU time drives timers in ways of its own, cpu_clocks.h.
/// [linux/abi]: clock_nanosleep(2), timer_create(2), timerfd_create(2)
[[nodiscard]] const ClockTraits* traits_of(u32 clock);

/// True for the clocks above, and for all numbers of clocks of processes, threads and files.
[[nodiscard]] bool is_clock(u32 clock);
/// Nanoseconds that the clock shows; Einval if there is no such clock.
Fallible<u64> read_clock(u32 clock);

/// `struct itimerspec`.
struct TimerSpec {
    TimeSpec interval;
    TimeSpec remaining;  ///< zero: not armed
};

/// What a program asks of a timer.
struct TimerRequest {
    u64 first = never;  ///< nanoseconds as the clock of the timer's queue shows them
    u64 interval = 0;
};
/// A moment by the clock that a program names, and by that of the timer's queue.
struct ClockNow {
    u64 shown;
    u64 queue;
};
/// `value` is the program's TimerSpec, with a time on the clock that it names if `absolute` and
/// from now on if not.
Fallible<TimerRequest> read_timer_request(Pointer value, const ClockNow& now, bool absolute);
/// The same for the kernel's own timers.
Fallible<TimerRequest> read_timer_request(Pointer value, u32 clock, bool absolute);

}  // namespace ringfence::kernel::syscalls
