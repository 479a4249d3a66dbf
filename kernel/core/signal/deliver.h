// SPDX-License-Identifier: MIT
// Delivering signals on the way back to user mode.
#pragma once

#include <optional>

#include "kernel/core/scheduler/thread.h"
#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel {

/// Takes out the next pending signal of `wanted`, the thread's own before its process's. For a
/// timer's signal the timer goes on.
std::optional<SignalInformation> take_signal(Thread& thread, SignalSet wanted);

/// True if the thread has something to do about signals before it may sleep or run its program.
[[nodiscard]] bool has_deliverable_signal(const Thread& thread);

/// The same for what may wait until it returns to user mode, too.
[[nodiscard]] bool has_work_before_user_mode(const Thread& thread);

/// Does all that signals want: runs default actions, builds handler frames, stops, ends the thread;
/// and settles how an interrupted system call goes on.
void deliver_signals(arch::TrapFrame& frame);

}  // namespace ringfence::kernel
