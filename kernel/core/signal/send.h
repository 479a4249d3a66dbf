// SPDX-License-Identifier: MIT
// Sending signals: who gets them, whom they wake, and what they do at once.
#pragma once

#include "kernel/core/errors.h"
#include "kernel/core/process/process.h"
#include "kernel/core/signal/signal_information.h"

namespace ringfence::kernel {

/// To a process; whichever of its threads does not block the signal takes it. True if one more
/// signal is pending now.
bool send_signal(Process& process, const SignalInformation& information);
/// To one thread.
bool send_signal(Thread& thread, const SignalInformation& information);
/// From the kernel to the running thread, such as SIGPIPE.
void send_signal_to_current(u32 number);
/// A fault of the running thread: cannot be ignored, and kills if it is blocked.
void force_signal(const SignalInformation& information);
/// kill(2): true if `sender` may signal `target`.
[[nodiscard]] bool may_signal(const Process& sender, const Process& target, u32 number);

/// Forgets pending signals that a new action ignores. [linux/abi]: sigaction(2)
void discard_ignored(Process& process, u32 number);
/// `thread` will end, whatever it does or waits for.
void end_soon(Thread& thread);
/// All threads of `process` will end; wait reports `status`.
void begin_group_exit(Process& process, const WaitStatus& status);
/// Tells the parent that `child` ended, stopped or went on.
void notify_parent(Process& child, i32 code, i32 status);

}  // namespace ringfence::kernel
