// SPDX-License-Identifier: MIT
// How the system calls of a traced thread are told from all others.
#pragma once

namespace ringfence::kernel {

/// The next system call may be one that a tracer wants to see. For the last moment before a thread
/// whose calls are traced returns to user mode.
void trace_next_call();

}  // namespace ringfence::kernel
