// SPDX-License-Identifier: MIT
#include "lab/standard_input.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/types.h"
#include "lab/error.h"

namespace ringfence::lab {

StandardInputKind standard_input_kind() {
    if (isatty(STDIN_FILENO) == 0) {
        return StandardInputKind::Stream;
    }
    const pid_t foreground = tcgetpgrp(STDIN_FILENO);  // -1: of no session, or of another
    return foreground > 0 && foreground != getpgrp() ? StandardInputKind::Background
                                                     : StandardInputKind::Terminal;
}

std::string read_standard_input() {
    constexpr usize step = 1 << 16;
    std::string bytes;
    while (isatty(STDIN_FILENO) == 0) {
        const usize before = bytes.size();
        bytes.resize(before + step);
        const ssize_t got = read(STDIN_FILENO, bytes.data() + before, step);
        bytes.resize(before + static_cast<usize>(std::max<ssize_t>(got, 0)));
        if (got == 0 || (got < 0 && errno == EBADF)) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            fail(Failure::Own, "standard input: {}", std::strerror(errno));
        }
    }
    return bytes;
}

}  // namespace ringfence::lab
