// SPDX-License-Identifier: MIT
// Whom the sched calls mean. Their numbers are those of threads.
#pragma once

#include "kernel/core/errors.h"
#include "kernel/core/scheduler/thread.h"

namespace ringfence::kernel::syscalls {

/// The thread called `id`, 0 being the caller's. Einval if it is negative, Esrch if there is none.
Fallible<Thread*> scheduled_thread(i32 id);
/// Whether the caller may decide how it is scheduled.
[[nodiscard]] bool may_schedule(const Thread& thread);

}  // namespace ringfence::kernel::syscalls
