// SPDX-License-Identifier: MIT
// The threads that want the CPU: those of higher real-time priority first, and of one priority in
// turn.
#pragma once

#include "kernel/core/scheduler/thread.h"

namespace ringfence::kernel {

/// Where among those of its priority.
enum class Turn : u8 { Last, First };

class RunQueue {
public:
    void add(Thread& thread, Turn turn = Turn::Last) {
        thread.state = Thread::State::Ready;
        const u32 priority = thread.scheduling.priority;
        if (priority == 0 && turn == Turn::Last) {
            threads_.push_back(thread);
            return;
        }
        for (Thread& other : threads_) {
            const u32 its = other.scheduling.priority;
            if (its < priority || (its == priority && turn == Turn::First)) {
                threads_.insert_before(other, thread);
                return;
            }
        }
        threads_.push_back(thread);
    }
    /// The thread whose turn it is, or null.
    [[nodiscard]] Thread* take() { return threads_.pop_front(); }
    /// The same among those without a real-time priority.
    [[nodiscard]] Thread* take_ordinary() {
        for (Thread& thread : threads_) {
            if (thread.scheduling.priority == 0) {
                thread.run_hook.unlink();
                return &thread;
            }
        }
        return nullptr;
    }
    void remove(Thread& thread) { thread.run_hook.unlink(); }
    [[nodiscard]] bool empty() const { return threads_.empty(); }

private:
    IntrusiveList<Thread, &Thread::run_hook> threads_;
};

}  // namespace ringfence::kernel
