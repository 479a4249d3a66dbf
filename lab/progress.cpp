// SPDX-License-Identifier: MIT
#include "lab/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace ringfence::lab {

Progress::Progress(usize total, bool wanted)
    : total_(total), shown_(wanted && isatty(STDERR_FILENO) != 0) {}

void Progress::show() {
    if (shown_) {
        fmt::print(stderr, "\r{} of {} runs done ", done_.load(), total_);
        std::fflush(stderr);
    }
}

void Progress::clear() {
    if (shown_) {
        std::fputs("\r\033[K", stderr);
    }
}

}  // namespace ringfence::lab
