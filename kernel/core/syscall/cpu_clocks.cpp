// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/cpu_clocks.h"

#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/clocks.h"
#include "kernel/core/syscall/support.h"
#include "kernel_arch/cpu.h"

namespace ringfence::kernel::syscalls {

namespace {

/// A clock's number, if it is negative.
namespace clock_bits {
using Kind = Bitfield<0, 2, u32>;
using PerThread = Flag<2, u32>;
using InvertedId = Bitfield<3, 29, u32>;
constexpr u32 user_time = 1;       ///< 0 is all CPU time
constexpr u32 scheduled_time = 2;  ///< the same, but not counted in ticks
constexpr u32 of_a_file = 3;
}  // namespace clock_bits

bool is_numbered(u32 clock) {
    return static_cast<i32>(clock) < 0;
}

u32 number_in(u32 clock) {
    return clock_bits::InvertedId::get(~clock);
}

bool is_per_thread(u32 clock) {
    return is_numbered(clock) ? clock_bits::PerThread::test(clock)
                              : clock == static_cast<u32>(Clock::ThreadCpu);
}

CpuClockKind kind_of(u32 clock) {
    const bool is_user_time =
        is_numbered(clock) && clock_bits::Kind::get(clock) == clock_bits::user_time;
    return is_user_time ? CpuClockKind::User : CpuClockKind::All;
}

/// A thread that sleeps until a CPU clock has come to a time.
struct CpuSleeper {
    Thread& thread;
    bool finished = false;
    Timer timer{[](void* sleeper) {
                    auto& self = *static_cast<CpuSleeper*>(sleeper);
                    self.finished = true;
                    wake(self.thread, WakeReason::Woken);
                },
                this};
};

}  // namespace

u64 CpuTimeOf::now() const {
    return thread != nullptr ? cpu_time(*thread, kind) : cpu_time(*process, kind);
}

Ref<CpuClock> CpuTimeOf::clock() const {
    return thread != nullptr ? cpu_clock_of(*thread, kind) : cpu_clock_of(*process, kind);
}

bool is_cpu_clock(u32 clock) {
    if (is_numbered(clock)) {
        return clock_bits::Kind::get(clock) != clock_bits::of_a_file;
    }
    return clock == static_cast<u32>(Clock::ProcessCpu) ||
           clock == static_cast<u32>(Clock::ThreadCpu);
}

Fallible<CpuTimeOf> cpu_time_of(u32 clock, ClockUse use) {
    if (!is_cpu_clock(clock)) {
        return Error{Errno::Einval};
    }
    const u32 id = is_numbered(clock) ? number_in(clock) : 0;
    const CpuClockKind kind = kind_of(clock);
    if (is_per_thread(clock)) {
        Thread* const thread = id == 0 ? &current_thread() : processes().find_thread(id);
        if (thread == nullptr || &thread->process() != &current_process()) {
            return Error{Errno::Einval};
        }
        return CpuTimeOf{.thread = thread, .kind = kind};
    }
    const bool is_own_thread = use == ClockUse::Reading && id == current_thread().id();
    Process* const process = id == 0 || is_own_thread ? &current_process() : processes().find(id);
    if (process == nullptr) {
        return Error{Errno::Einval};
    }
    return CpuTimeOf{.process = process, .kind = kind};
}

u64 cpu_clock_resolution(u32 clock) {
    const bool counts_ticks =
        is_numbered(clock) && clock_bits::Kind::get(clock) != clock_bits::scheduled_time;
    return counts_ticks ? nanoseconds_per_second / arch::timer_ticks_per_second : u64{1};
}

Nothing sleep_by_cpu_clock(u32 clock, bool absolute, u64 time, Pointer remaining) {
    Thread& thread = current_thread();
    if (is_per_thread(clock) && (number_in(clock) == 0 || number_in(clock) == thread.id())) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(subject, cpu_time_of(clock, ClockUse::Timing));
    const Ref<CpuClock> held = subject.clock();
    u64 deadline = absolute ? time : deadline_after(held->now(), time);
    if (thread.restart.armed) {  // goes on after a signal
        deadline = thread.restart.deadline;
        thread.restart = {};
    }
    CpuSleeper sleeper{.thread = thread};
    held->timers().arm(sleeper.timer, deadline);
    held->expire();
    WakeReason reason = WakeReason::Woken;
    while (!sleeper.finished && reason == WakeReason::Woken) {
        reason = sleep_on({});
    }
    if (sleeper.finished) {
        return {};
    }
    sleeper.timer.cancel();
    const u64 now = held->now();
    if (!absolute && remaining != Pointer{}) {
        RF_TRY(write_user(remaining, to_timespec(deadline > now ? deadline - now : 0)));
    }
    thread.restart = {.armed = true, .deadline = deadline, .remaining = remaining};
    return Error{Errno::RestartWithBlock};
}

}  // namespace ringfence::kernel::syscalls
