// SPDX-License-Identifier: MIT
// Signals that a program sends with words of its own.
#pragma once

#include "kernel/core/signal/send.h"
#include "kernel/core/syscall/handlers.h"

namespace ringfence::kernel::syscalls {

/// What kill and its kin say of themselves.
[[nodiscard]] SignalInformation from_current(u32 number, i32 code);
/// The siginfo_t that a program has filled in. Efault.
Fallible<SignalInformationImage> read_signal_information(Pointer information);
/// It looks as if the kernel, or tgkill, had sent it: nobody may say so to others.
[[nodiscard]] bool pretends_kernel(const SignalInformationImage& image);

/// Sends `number` to a process or thread; 0 only asks whether the caller may. Einval for what is no
/// signal, Eperm, Eagain if a real-time signal finds no room.
Nothing queue_signal(Process& process, u32 number, const SignalInformation& information);
Nothing queue_signal(Thread& thread, u32 number, const SignalInformation& information);

}  // namespace ringfence::kernel::syscalls
