// SPDX-License-Identifier: MIT
// What ppoll and pselect6 add to poll and select: a deadline and a signal mask for the call.
#pragma once

#include "kernel/core/syscall/handlers.h"

namespace ringfence::kernel::syscalls {

/// The time by which a call with this timeout must be back; `never` for a null pointer.
Fallible<u64> read_deadline(Pointer timeout);
/// Blocks the signals of `mask` (unless it is null) until the call is over.
Nothing use_mask_for_call(Pointer mask, u64 mask_size);
/// Puts the old mask back, unless a signal ended the call: then the handler must still see the
/// call's mask, and it is put back when signals have been delivered.
Value keep_mask_if_interrupted(const Value& result);

}  // namespace ringfence::kernel::syscalls
