// SPDX-License-Identifier: MIT
// What ppoll and pselect6 add to poll and select: a deadline and a signal mask for the call.
#pragma once

#include "kernel/core/syscall/handlers.h"
#include "kernel/core/time.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel::syscalls {

/// The time by which a call with this timeout must be back; `never` for a null pointer.
Fallible<u64> read_deadline(Pointer timeout);
/// Nanoseconds until then; 0 if that is over.
[[nodiscard]] u64 time_left(u64 deadline);
/// Tells a program that gave a timeout how much of it is left, if it can be told.
/// [linux/abi]: select(2), "The Linux pselect6() and select() system calls modify their timeout"
template <typename Time>
void report_remaining(Pointer timeout, const Time& left) {
    static_cast<void>(write_user_if_wanted(timeout, left));
}
/// Blocks the signals of `mask` (unless it is null) until the call is over.
Nothing use_mask_for_call(Pointer mask, u64 mask_size);
/// Puts the old mask back, unless a signal ended the call: then the handler must still see the
/// call's mask, and it is put back when signals have been delivered.
Value keep_mask_if_interrupted(const Value& result);

}  // namespace ringfence::kernel::syscalls
