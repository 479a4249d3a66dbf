// SPDX-License-Identifier: MIT
// Things that happen at a time. The queue is ordered by deadline; few timers are armed at once.
#pragma once

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/time.h"

namespace ringfence::kernel {

/// A callback at a deadline. Fires once; cancelled when destroyed.
class Timer {
public:
    using Callback = void (*)(void* context);
    Timer(Callback callback, void* context) : callback_(callback), context_(context) {}
    ~Timer() { hook_.unlink(); }

    [[nodiscard]] bool armed() const { return hook_.linked(); }
    [[nodiscard]] u64 deadline() const { return deadline_; }
    void cancel() { hook_.unlink(); }

private:
    friend class TimerQueue;
    Callback callback_;
    void* context_;
    u64 deadline_ = never;
    ListHook<Timer> hook_{this};
};

class TimerQueue {
public:
    /// Arms `timer`, anew if it is armed already. `never` leaves it cancelled.
    void arm(Timer& timer, u64 deadline);
    /// Fires all timers whose deadline is not after `now`.
    void expire(u64 now);
    [[nodiscard]] bool empty() const { return timers_.empty(); }
    /// Armed timers, counted now.
    [[nodiscard]] u64 count() const;

private:
    IntrusiveList<Timer, &Timer::hook_> timers_;
};

/// The machine's timers, in nanoseconds since the kernel started.
TimerQueue& timers();

}  // namespace ringfence::kernel
