// SPDX-License-Identifier: MIT
// Round robin over one CPU. The kernel gives the CPU away only in these calls and in
// prepare_return_to_user, so the rest of the core needs no locks. Interrupts stay off throughout.
#pragma once

#include <span>

#include "kernel/core/errors.h"
#include "kernel/core/scheduler/thread.h"
#include "kernel/core/scheduler/wait_queue.h"

namespace ringfence::kernel {

enum class Sleep : u8 { Interruptible, Uninterruptible };

[[nodiscard]] Thread& current_thread();
[[nodiscard]] Process& current_process();

/// The caller becomes the idle thread; returns with interrupts off and the scheduler usable.
void start_scheduler();
/// Runs threads for ever and halts while there is none to run. Panics when nothing can ever happen.
[[noreturn]] void run_idle();

/// Lets a new thread run, or one that is stopped in either way.
void make_ready(Thread& thread);
/// Wakes `thread` if it sleeps.
void wake(Thread& thread, WakeReason reason);
/// The first thing a new thread does: frees the thread that ended before it, which could not free
/// the stack it ran on.
void finish_switch();
/// Lets others run and comes back when it is the caller's turn again.
void yield();
/// Sleeps until one of `queues` is woken, `deadline` has come, or (if interruptible) a signal is
/// there. The caller checks its condition before and after.
WakeReason sleep_on(std::span<WaitQueue* const> queues, u64 deadline = never,
                    Sleep kind = Sleep::Interruptible);
/// Sleeps in `state`, Stopped or Traced, until make_ready.
void stop_current(Thread::State state);
/// The running thread's breakpoints are in the CPU: they go before another thread runs.
void note_breakpoints_loaded();
/// Ends the current thread: never scheduled again, its stack freed by whoever runs next.
[[noreturn]] void end_current();

/// Lets `thread` share the CPU in another way from now on.
void set_scheduling(Thread& thread, const Scheduling& wanted);
/// Nanoseconds after which others like it have their turn; 0: it is never taken from it for them.
[[nodiscard]] u64 slice_of(const Thread& thread);

/// The timer's part: expire timers, end the slice after a few ticks. Real-time threads leave a part
/// of each second to the others. [linux/abi]: sched(7), "Limiting the CPU usage"
/// `mode`: what the tick has interrupted.
void scheduler_tick(CpuMode mode);
/// Gives the CPU away if the running thread's slice is over and another wants it.
void reschedule_if_due();

/// Time that `thread` has spent on the CPU, in nanoseconds.
[[nodiscard]] u64 cpu_time(const Thread& thread);
/// And that for which there was nothing to run.
[[nodiscard]] u64 idle_time();

/// Sleeps until `condition()` holds. RestartIfFlagged if a signal comes first, Etimedout at the
/// deadline.
template <typename Condition>
Fallible<void> wait_until(WaitQueue& queue, Condition condition, u64 deadline = never) {
    WaitQueue* const queues[] = {&queue};
    while (!condition()) {
        switch (sleep_on(queues, deadline)) {
            case WakeReason::Woken:
                break;
            case WakeReason::TimedOut:
                return condition() ? Fallible<void>{} : Error{Errno::Etimedout};
            case WakeReason::Interrupted:
                return condition() ? Fallible<void>{} : Error{Errno::RestartIfFlagged};
        }
    }
    return {};
}

}  // namespace ringfence::kernel
