// SPDX-License-Identifier: MIT
// Delivering signals on the way back to user mode.
#pragma once

#include "kernel/core/scheduler/thread.h"
#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel {

/// True if the thread has something to do about signals before it may sleep or run its program.
[[nodiscard]] bool has_deliverable_signal(const Thread& thread);

/// Does all that signals want: runs default actions, builds handler frames, stops, ends the thread;
/// and settles how an interrupted system call goes on.
void deliver_signals(arch::TrapFrame& frame);

}  // namespace ringfence::kernel
