// SPDX-License-Identifier: MIT
// How a program wants to be told of something. [linux/abi]: sigevent(7)
#pragma once

#include "base/types.h"

namespace ringfence::kernel::syscalls {

/// `struct sigevent`.
struct SignalEvent {
    /// SIGEV_*.
    enum How : i32 { Signal = 0, None = 1, Thread = 2, SignalThread = 4 };

    u64 value;
    i32 number;
    i32 how;
    i32 thread;
    u8 padding[44];
};
static_assert(sizeof(SignalEvent) == 64);

}  // namespace ringfence::kernel::syscalls
