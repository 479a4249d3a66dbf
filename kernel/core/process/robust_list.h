// SPDX-License-Identifier: MIT
// Locks in memory that a thread holds when it ends: whoever waits for one is told so. [linux/abi]:
// set_robust_list(2), Documentation/locking/robust-futex-ABI.rst
#pragma once

namespace ringfence::kernel {

class Thread;

/// Marks the locks in the list of the running thread, which ends or runs another program, as left
/// by their owner, and wakes one thread that waits for each. Forgets the list.
void release_robust_locks(Thread& thread);

}  // namespace ringfence::kernel
