// SPDX-License-Identifier: MIT
// Who waits for something to happen to an object.
#pragma once

#include "kernel/core/containers/intrusive_list.h"

namespace ringfence::kernel {

/// Hears when something happens to the object whose queue it is in: a thread that sleeps, or an
/// epoll file that takes notes.
class Waiter {
public:
    /// Something happened. Must not change the queue beyond taking this waiter out.
    virtual void notify() = 0;

    ListHook<Waiter> hook{this};

protected:
    ~Waiter() = default;
};

/// Waking does not take a waiter out: it does that itself. A queue that dies lets go of those that
/// are left; threads keep the object that they sleep on alive.
class WaitQueue {
public:
    WaitQueue() = default;
    ~WaitQueue();

    [[nodiscard]] bool empty() const { return waiters_.empty(); }
    void add(Waiter& waiter) { waiters_.push_back(waiter); }
    void wake_all();

private:
    IntrusiveList<Waiter, &Waiter::hook> waiters_;
};

}  // namespace ringfence::kernel
