// SPDX-License-Identifier: MIT
// What programs ask of terminals by ioctl.
#pragma once

#include "kernel/core/terminal/terminal.h"

namespace ringfence::kernel {

/// By which of a terminal's ends a request came.
struct TerminalEnd {
    bool is_master = false;  ///< the end that stands for the wire
    bool readable = false;   ///< the file is open for reading
};

/// The requests that both ends know, which speak of the terminal itself. Enotty for all others, and
/// else what ioctl_tty(2) says.
Fallible<u64> control_terminal(Terminal& terminal, const TerminalEnd& end, u32 request,
                               u64 argument);

}  // namespace ringfence::kernel
