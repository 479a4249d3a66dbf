// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/futex_table.h"

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel {

namespace {

/// What two processes that share a word have in common: the object and the offset in it.
struct FutexKey {
    const void* object = nullptr;
    u64 offset = 0;
    bool operator==(const FutexKey&) const = default;
};

FutexKey key_of(VirtualAddress word) {
    MemorySpace& memory = *current_process().memory;
    const Region* region = memory.regions().find(word);
    if (region != nullptr && region->shared && region->file) {
        return {region->file.get(), region->offset + (word - region->start)};
    }
    return {&memory, word.value()};
}

struct FutexWaiter {
    FutexKey key;
    u32 bits;
    bool woken = false;
    Thread& thread;
    ListHook<FutexWaiter> hook{this};
};
using WaiterList = IntrusiveList<FutexWaiter, &FutexWaiter::hook>;

WaiterList& waiters() {
    static WaiterList list;
    return list;
}

}  // namespace

u32 wake_futex(VirtualAddress word, u32 most, u32 bits) {
    const FutexKey key = key_of(word);
    u32 woken = 0;
    for (FutexWaiter& waiter : waiters()) {
        if (woken == most) {
            break;
        }
        if (waiter.key == key && (waiter.bits & bits) != 0) {
            waiter.hook.unlink();
            waiter.woken = true;
            wake(waiter.thread, WakeReason::Woken);
            ++woken;
        }
    }
    return woken;
}

Fallible<void> wait_on_futex(VirtualAddress word, u32 expected, u32 bits, u64 deadline) {
    RF_TRY_ASSIGN(value, read_user<u32>(word));
    if (value != expected) {
        return Error{Errno::Eagain};
    }
    FutexWaiter self{.key = key_of(word), .bits = bits, .thread = current_thread()};
    waiters().push_back(self);
    WakeReason reason = WakeReason::Woken;
    while (!self.woken && reason == WakeReason::Woken) {
        reason = sleep_on({}, deadline);
    }
    self.hook.unlink();
    if (self.woken) {
        return {};
    }
    return Error{reason == WakeReason::TimedOut ? Errno::Etimedout : Errno::RestartIfFlagged};
}

u32 requeue_futex(VirtualAddress word, u32 wake, u32 move, VirtualAddress target) {
    const FutexKey from = key_of(word);
    const FutexKey to = key_of(target);
    u32 affected = wake_futex(word, wake);
    for (FutexWaiter& waiter : waiters()) {
        if (move == 0) {
            break;
        }
        if (waiter.key == from) {
            waiter.key = to;
            ++affected;
            --move;
        }
    }
    return affected;
}

}  // namespace ringfence::kernel
