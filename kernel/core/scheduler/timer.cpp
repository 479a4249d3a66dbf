// SPDX-License-Identifier: MIT
#include "kernel/core/scheduler/timer.h"

namespace ringfence::kernel {

void TimerQueue::arm(Timer& timer, u64 deadline) {
    timer.cancel();
    timer.deadline_ = deadline;
    if (deadline == never) {
        return;
    }
    for (Timer& other : timers_) {
        if (other.deadline_ > deadline) {
            timers_.insert_before(other, timer);
            return;
        }
    }
    timers_.push_back(timer);
}

void TimerQueue::expire(u64 now) {
    while (Timer* first = timers_.front()) {
        if (first->deadline_ > now) {
            return;
        }
        first->cancel();
        first->callback_(first->context_);
    }
}

u64 TimerQueue::count() const {
    u64 armed = 0;
    for (auto at = timers_.begin(); at != timers_.end(); ++at) {
        ++armed;
    }
    return armed;
}

}  // namespace ringfence::kernel
