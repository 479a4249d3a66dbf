// SPDX-License-Identifier: MIT
// The threads that want the CPU, in turn.
#pragma once

#include "kernel/core/scheduler/thread.h"

namespace ringfence::kernel {

class RunQueue {
public:
    void add(Thread& thread) {
        thread.state = Thread::State::Ready;
        threads_.push_back(thread);
    }
    /// The thread whose turn it is, or null.
    [[nodiscard]] Thread* take() { return threads_.pop_front(); }
    void remove(Thread& thread) { thread.run_hook.unlink(); }
    [[nodiscard]] bool empty() const { return threads_.empty(); }

private:
    IntrusiveList<Thread, &Thread::run_hook> threads_;
};

}  // namespace ringfence::kernel
