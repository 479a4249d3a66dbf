// SPDX-License-Identifier: MIT
// The timers that a process makes by timer_create. [linux/abi]: timer_create(2)
#pragma once

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/containers/vector.h"
#include "kernel/core/errors.h"
#include "kernel/core/scheduler/cpu_clock.h"
#include "kernel/core/scheduler/repeating_timer.h"

namespace ringfence::kernel {

class Process;

/// Whom an expiry concerns.
struct TimerNotification {
    u32 signal = 0;  ///< 0: nobody is told
    u32 thread = 0;  ///< the thread that gets the signal; 0: the process
    u64 value = 0;   ///< si_value
};

/// One signal stands for all expiries until it is taken; the others are counted as overruns.
class PosixTimer final : public RefCounted, public Counted<PosixTimer> {
public:
    /// By `clock`; `cpu_clock` is the same if it is one of CPU time, and null if not.
    PosixTimer(Process& owner, u32 id, u32 clock, Ref<CpuClock> cpu_clock,
               const TimerNotification& notification)
        : owner_(owner),
          id_(id),
          clock_(clock),
          cpu_clock_(std::move(cpu_clock)),
          notification_(notification),
          timer_(on_expiry, this, cpu_clock_ ? cpu_clock_->timers() : timers()) {}

    [[nodiscard]] u32 id() const { return id_; }
    [[nodiscard]] u32 clock() const { return clock_; }
    /// What the signal carries.
    void set_value(u64 value) { notification_.value = value; }
    [[nodiscard]] bool by_cpu_clock() const { return static_cast<bool>(cpu_clock_); }
    /// By the CPU time of somebody who has gone.
    [[nodiscard]] bool stopped() const { return cpu_clock_ && cpu_clock_->stopped(); }
    /// Nanoseconds, as what set() takes.
    [[nodiscard]] u64 now() const { return cpu_clock_ ? cpu_clock_->now() : monotonic_now(); }
    /// As RepeatingTimer::set.
    void set(u64 first, u64 interval);
    [[nodiscard]] const RepeatingTimer& timer() const { return timer_; }
    /// Expiries that the last signal stood for, beside the first.
    [[nodiscard]] u32 overrun() const { return overrun_; }
    /// Its signal is delivered: counts overruns and goes on. Gives the overruns.
    u32 signal_taken();

private:
    static void on_expiry(void* timer);

    Process& owner_;
    u32 id_;
    u32 clock_;
    Ref<CpuClock> cpu_clock_;
    TimerNotification notification_;
    u32 overrun_ = 0;
    RepeatingTimer timer_;
};

class PosixTimers {
public:
    /// Eagain if the process has too many.
    Fallible<Ref<PosixTimer>> create(Process& owner, u32 clock, Ref<CpuClock> cpu_clock,
                                     const TimerNotification& notification);
    /// Einval if there is no such timer.
    [[nodiscard]] Fallible<Ref<PosixTimer>> find(u32 id) const;
    Fallible<void> remove(u32 id);
    /// On execve and exit.
    void remove_all() { timers_.clear(); }

private:
    static constexpr usize most_timers = 4096;

    Vector<Ref<PosixTimer>> timers_;  ///< ascending by id
    u32 next_id_ = 0;
};

}  // namespace ringfence::kernel
