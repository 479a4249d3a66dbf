// SPDX-License-Identifier: MIT
// Threads that wait for something to happen to an object.
#pragma once

#include "kernel/core/containers/intrusive_list.h"

namespace ringfence::kernel {

class Thread;

/// One thread's place in one queue. Lives on the sleeping thread's stack.
struct Waiter {
    explicit Waiter(Thread& waiting) : thread(waiting) {}
    Thread& thread;
    ListHook<Waiter> hook{this};
};

/// Waking does not take a waiter out: the thread does that itself when it runs, so an object may
/// only die when nobody waits on it.
class WaitQueue {
public:
    [[nodiscard]] bool empty() const { return waiters_.empty(); }
    void add(Waiter& waiter) { waiters_.push_back(waiter); }
    void wake_all();

private:
    IntrusiveList<Waiter, &Waiter::hook> waiters_;
};

}  // namespace ringfence::kernel
