// SPDX-License-Identifier: MIT
#include "kernel/core/scheduler/repeating_timer.h"

namespace ringfence::kernel {

void RepeatingTimer::set(u64 first, u64 interval) {
    next_ = first;
    interval_ = interval;
    queue_.arm(timer_, first);
}

u64 RepeatingTimer::remaining(u64 now) const {
    if (next_ == never) {
        return 0;
    }
    if (next_ > now) {
        return next_ - now;
    }
    return interval_ == 0 ? 0 : interval_ - (now - next_) % interval_;
}

u64 RepeatingTimer::take_expiries(u64 now) {
    if (next_ > now) {
        return 0;
    }
    if (interval_ == 0) {
        next_ = never;
        return 1;
    }
    const u64 expiries = (now - next_) / interval_ + 1;
    next_ = deadline_after(next_, expiries * interval_);
    queue_.arm(timer_, next_);
    return expiries;
}

}  // namespace ringfence::kernel
