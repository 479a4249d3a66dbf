// SPDX-License-Identifier: MIT
// Clocks of CPU time, as programs name them: the caller's, and those that a number in the clock's
// own number belongs to. [linux/abi]: clock_getcpuclockid(3), include/linux/posix-timers_types.h
#pragma once

#include "kernel/core/process/process.h"
#include "kernel/core/syscall/handlers.h"

namespace ringfence::kernel::syscalls {

/// Whose CPU time is meant: one of both.
struct CpuTimeOf {
    Process* process = nullptr;
    Thread* thread = nullptr;
    CpuClockKind kind = CpuClockKind::All;

    /// Nanoseconds.
    [[nodiscard]] u64 now() const;
    /// What timers are set by.
    [[nodiscard]] Ref<CpuClock> clock() const;
};

/// Reading is allowed of a little more than setting timers.
enum class ClockUse : u8 { Reading, Timing };

[[nodiscard]] bool is_cpu_clock(u32 clock);
/// Einval if the clock is none of CPU time, or if there is no such process or, among the caller's,
/// thread.
Fallible<CpuTimeOf> cpu_time_of(u32 clock, ClockUse use);
/// Nanoseconds between two times that the clock can tell apart when timers are set by it.
[[nodiscard]] u64 cpu_clock_resolution(u32 clock);

/// clock_nanosleep by a numbered clock, or that of the caller's process: until it shows `time`, or
/// that much more. Einval for the caller's own thread, which would not wake.
Nothing sleep_by_cpu_clock(u32 clock, bool absolute, u64 time, Pointer remaining);

}  // namespace ringfence::kernel::syscalls
