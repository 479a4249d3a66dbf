// SPDX-License-Identifier: MIT
// The end of traced threads: their tracers hear of it by wait, before their parents do.
#pragma once

#include "kernel/core/process/process.h"
#include "kernel/core/tracing/tracee.h"

namespace ringfence::kernel {

/// The running thread, no more of its process, ends with `status` of its own; a first thread's end
/// is told with its process's.
void end_tracing(Thread& self, const WaitStatus& status);
/// The last thread has ended. True if a tracer that is not the parent must hear of it before the
/// parent does: then announce_end is called later.
[[nodiscard]] bool withhold_end(Process& process);
/// The tracer has waited for an ended thread, or does not want to: now it is gone.
void forget_end(Tracee& tracee);
/// Whether an ended thread that its tracer has not waited for is called `id`.
[[nodiscard]] bool is_ended_tracee(u32 id);

}  // namespace ringfence::kernel
