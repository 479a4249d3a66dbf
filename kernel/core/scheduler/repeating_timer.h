// SPDX-License-Identifier: MIT
// A timer that a program sets: it expires once, or again and again at an interval.
#pragma once

#include "kernel/core/scheduler/timer.h"

namespace ringfence::kernel {

/// The callback runs at the first expiry only. Those that follow are counted by arithmetic when
/// somebody asks, as Linux does it: however short the interval, a timer that nobody looks at costs
/// one interrupt.
class RepeatingTimer {
public:
    /// `queue` is its clock's, and lives longer.
    RepeatingTimer(Timer::Callback on_expiry, void* context, TimerQueue& queue = timers())
        : queue_(queue), timer_(on_expiry, context) {}

    /// Expires at `first`, in nanoseconds as the clock shows them (`never`: not at all), and then
    /// at each `interval` unless that is 0. Forgets earlier expiries.
    void set(u64 first, u64 interval);
    [[nodiscard]] u64 interval() const { return interval_; }
    /// Nanoseconds from `now` to the next expiry; 0 if there will be none.
    [[nodiscard]] u64 remaining(u64 now) const;
    /// How often it has expired by `now` since it was last asked. It is armed again if it repeats.
    u64 take_expiries(u64 now);

private:
    TimerQueue& queue_;
    Timer timer_;
    u64 next_ = never;  ///< the first expiry that was not taken yet
    u64 interval_ = 0;
};

}  // namespace ringfence::kernel
