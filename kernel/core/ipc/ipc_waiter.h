// SPDX-License-Identifier: MIT
// Threads that wait in a list of an object until somebody else does for them what they want, or
// tells them that it cannot be done.
#pragma once

#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

/// What such a list is made of: `thread` waits until `finished`, and `outcome` is what came of it.
template <typename T>
concept IpcWaiter = requires(T& waiter) {
    { waiter.thread } -> std::same_as<Thread&>;
    { waiter.finished } -> std::same_as<bool&>;
    waiter.outcome;
    waiter.hook.unlink();
};

/// Takes `waiter` out of its list and lets its thread go on with `outcome`.
template <IpcWaiter Waiter, typename Outcome>
void finish_wait(Waiter& waiter, const Outcome& outcome) {
    waiter.hook.unlink();
    waiter.finished = true;
    waiter.outcome = outcome;
    wake(waiter.thread, WakeReason::Woken);
}

/// For the running thread, which is `waiter`'s: sleeps until it is finished, `deadline` has come or
/// a signal is there, and takes it out of its list. Woken exactly if it is finished.
template <IpcWaiter Waiter>
WakeReason sleep_until_finished(Waiter& waiter, u64 deadline = never) {
    WakeReason reason = WakeReason::Woken;
    while (!waiter.finished && reason == WakeReason::Woken) {
        reason = sleep_on({}, deadline);
    }
    waiter.hook.unlink();
    return waiter.finished ? WakeReason::Woken : reason;
}

}  // namespace ringfence::kernel
