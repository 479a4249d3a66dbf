// SPDX-License-Identifier: MIT
#include "lab/terminal/raw_terminal.h"

#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>

#include "lab/standard_input.h"

namespace ringfence::lab::terminal {

namespace {

termios before;
std::atomic<bool> is_raw = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // it is used in signal handlers

constexpr int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

void restore_and_die(int signal) {
    RawTerminal::restore();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

}  // namespace

RawTerminal::RawTerminal() {
    if (standard_input_kind() != StandardInputKind::Terminal ||
        tcgetattr(STDIN_FILENO, &before) != 0) {
        return;
    }
    termios raw = before;
    cfmakeraw(&raw);
    static const bool registered = std::atexit(&RawTerminal::restore) == 0;
    if (!registered) {
        return;
    }
    for (const int signal : fatal_signals) {
        std::signal(signal, &restore_and_die);
    }
    is_raw = true;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

RawTerminal::~RawTerminal() {
    restore();
}

void RawTerminal::restore() {
    if (is_raw.exchange(false)) {
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    }
}

}  // namespace ringfence::lab::terminal
