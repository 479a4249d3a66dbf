// SPDX-License-Identifier: MIT
// Who traces whom: how that begins, is inherited and ends.
#pragma once

#include "kernel/core/errors.h"
#include "kernel/core/process/process.h"
#include "kernel/core/tracing/tracee.h"

namespace ringfence::kernel {

/// ptrace_may_access: whether the running process may look into `target` and change it. A process
/// may itself. [linux/abi]: ptrace(2), "Ptrace access mode checking"
[[nodiscard]] bool may_trace(const Process& target);

/// The running thread traces `target` from now on: Eperm if it may not, or if another does.
/// PTRACE_ATTACH stops it by SIGSTOP; PTRACE_SEIZE, with its `options`, does not.
Fallible<void> attach(Thread& target);
Fallible<void> seize(Thread& target, u32 options);
/// The running thread is traced by its parent from now on. Eperm if it is traced.
Fallible<void> trace_me();

/// Ends the tracing of a thread that stopped or runs; one that has ended is nobody's business but
/// its parent's now. `tracee` may be gone with the caller's own Ref.
void release_tracee(Tracee& tracee);
/// The running thread ends: it traces nobody any more.
void release_all_tracees(Thread& tracer);

/// What a new thread has of the running one that makes it. `event` is how it was made.
void inherit_tracing(Thread& child, TraceEvent event, bool wanted_by_caller);
/// The running thread, once called `old_id`, has become the first of its process by execve.
void take_leaders_tracing(Thread& self);
/// Whether execve may give the running process the rights of a file that asks for it.
[[nodiscard]] bool may_gain_privileges();

/// Whether a thread of `process` traces the first thread of `child`, by which the process's stops
/// and its end are told.
[[nodiscard]] bool traces_leader(const Process& process, const Process& child);
/// The number of the thread that traces the process's first thread, 0 if none does.
[[nodiscard]] u32 tracer_id(const Process& process);

}  // namespace ringfence::kernel
