// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/poll_mask.h"

#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

Fallible<u64> read_deadline(Pointer timeout) {
    if (timeout == Pointer{}) {
        return never;
    }
    RF_TRY_ASSIGN(time, read_user<TimeSpec>(timeout));
    if (!is_valid(time)) {
        return Error{Errno::Einval};
    }
    return deadline_after(monotonic_now(), to_nanoseconds(time));
}

u64 time_left(u64 deadline) {
    const u64 now = monotonic_now();
    return deadline > now ? deadline - now : 0;
}

Nothing use_mask_for_call(Pointer mask, u64 mask_size) {
    if (mask == Pointer{}) {
        return {};
    }
    if (mask_size != sizeof(u64)) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(bits, read_user<u64>(mask));
    Thread& thread = current_thread();
    thread.blocked_before_call = thread.blocked;
    thread.blocked = SignalSet(bits).without(unblockable_signals);
    return {};
}

Value keep_mask_if_interrupted(const Value& result) {
    Thread& thread = current_thread();
    const bool interrupted =
        !result && (result.error() == Errno::RestartIfNoHandler || result.error() == Errno::Eintr);
    if (!interrupted && thread.blocked_before_call) {
        thread.blocked = *thread.blocked_before_call;
        thread.blocked_before_call.reset();
    }
    return result;
}

}  // namespace ringfence::kernel::syscalls
