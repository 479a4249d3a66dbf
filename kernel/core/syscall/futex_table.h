// SPDX-License-Identifier: MIT
// Threads that wait on words of memory. [linux/abi]: futex(2)
#pragma once

#include "base/address.h"
#include "kernel/core/errors.h"

namespace ringfence::kernel {

inline constexpr u32 any_futex_bits = ~u32{0};

/// Wakes at most `most` waiters on the word whose bits meet `bits`; gives how many.
u32 wake_futex(VirtualAddress word, u32 most, u32 bits = any_futex_bits);
/// Sleeps if the word still holds `expected`, until woken or `deadline` (nanoseconds since start).
Fallible<void> wait_on_futex(VirtualAddress word, u32 expected, u32 bits, u64 deadline);
/// Wakes `wake` waiters and moves up to `move` others over to `target`; gives how many in all.
u32 requeue_futex(VirtualAddress word, u32 wake, u32 move, VirtualAddress target);

}  // namespace ringfence::kernel
