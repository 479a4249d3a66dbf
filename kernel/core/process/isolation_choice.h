// SPDX-License-Identifier: MIT
// Changing the design of a running program, or of all of them.
#pragma once

#include "kernel/core/errors.h"
#include "kernel/core/process/process.h"
#include "kernel/core/vm/isolation_setting.h"

namespace ringfence::kernel {

/// Gives `process` a setting; its threads run in that design from their next user instruction on.
/// Eperm if that takes protection away and the process is not privileged, Ebusy if another process
/// uses its memory, Enomem.
Fallible<void> choose_isolation(Process& process, IsolationSetting wanted);

/// Makes `design` that of all programs that follow the system, the running ones included: all of
/// them, or with Enomem none.
Fallible<void> change_system_design(arch::Design design);

}  // namespace ringfence::kernel
