// SPDX-License-Identifier: MIT
// Terminals and the sessions that they control: who may read, who is stopped instead, who hears of
// the end. [linux/abi]: credentials(7), tty_ioctl(4)
#pragma once

#include "kernel/core/errors.h"
#include "kernel/core/process/process.h"
#include "kernel/core/terminal/terminal.h"

namespace ringfence::kernel {

/// Sends a signal of the kernel's to all members of a group of that session.
void signal_group(u32 group, u32 session, u32 number);

/// May the running process do what the background may not? If not, its whole group gets `signal`,
/// SIGTTIN or SIGTTOU, and the call ends with RestartIfFlagged. A group that nobody could continue,
/// and one that does not want to hear of SIGTTIN, get Eio instead. Who does not want to hear of
/// SIGTTOU may.
Fallible<void> check_foreground(const Terminal& terminal, u32 signal);

/// Opening a terminal: a session leader that has none acquires it if nobody else has.
void acquire_if_free(Terminal& terminal);
enum class Steal : u8 { No, Yes };
/// TIOCSCTTY. Eperm unless a session leader without a terminal asks for one that is free, or may
/// steal it.
Fallible<void> acquire(Terminal& terminal, bool open_for_reading, Steal steal);
/// TIOCNOTTY. Enotty if it is not the running process's.
Fallible<void> give_up(const Terminal& terminal);
/// TIOCSPGRP. Enotty unless it controls the running process's session, Esrch, Eperm.
Fallible<void> set_foreground(Terminal& terminal, i32 group);

/// A hang-up: the session has no terminal any more, and its leader hears of it.
void lose_session(Terminal& terminal);
/// A process has ended. With a session leader its session loses the terminal, and the foreground
/// hears of it.
void leave_terminal(Process& process);

}  // namespace ringfence::kernel
