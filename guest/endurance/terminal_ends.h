// SPDX-License-Identifier: MIT
// A pseudo-terminal for programs that do something to it.
#pragma once

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cstdlib>

namespace endurance {

/// Both ends; -1 if there is none to have.
struct TerminalEnds {
    int master = -1;
    int terminal = -1;
};

/// `flags` may hold O_NONBLOCK. No end becomes the terminal of the process's session.
[[nodiscard]] inline TerminalEnds open_terminal(int flags) {
    TerminalEnds ends;
    ends.master = posix_openpt(O_RDWR | O_NOCTTY | flags);
    if (ends.master >= 0 && unlockpt(ends.master) == 0) {
        ends.terminal = ioctl(ends.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | flags);
    }
    return ends;
}

}  // namespace endurance
