// SPDX-License-Identifier: MIT
// How threads and processes end.
#pragma once

#include "kernel/core/process/process.h"

namespace ringfence::kernel {

/// Ends the running thread, whose own status is `status`, and with the last one its process; with
/// the first program's process the machine.
[[noreturn]] void exit_current_thread(const WaitStatus& status);
/// Tells the parent of the end of `process`, unless it does not want to know: then it is reaped.
void announce_end(Process& process);
/// Gives back the memory that a vfork child uses, and lets its parent go on.
void release_borrowed_memory(Process& process);
/// The running thread uses its memory no more: gives back the locks that it holds there, and tells
/// user space that its stack is free (set_tid_address(2)).
void leave_memory(Thread& thread);
/// Takes an ended process away for good, and adds its times to its parent's.
void reap(Process& process);

}  // namespace ringfence::kernel
