// SPDX-License-Identifier: MIT
// How the system calls of a traced thread are told from all others.
#pragma once

#include "base/types.h"

namespace ringfence::kernel {

/// System calls from this number on are looked at: those that there are not, or all, once a thread
/// whose calls are traced has returned to user mode. So nobody else's calls are longer for it.
extern u64 first_unusual_call;

/// The next system call may be one that a tracer wants to see. For the last moment before a thread
/// whose calls are traced returns to user mode.
inline void trace_next_call() {
    first_unusual_call = 0;
}

}  // namespace ringfence::kernel
