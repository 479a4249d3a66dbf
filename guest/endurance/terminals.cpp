// SPDX-License-Identifier: MIT
#include "guest/endurance/terminals.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "guest/endurance/terminal_ends.h"
#include "guest/endurance/workers.h"

namespace endurance {

namespace {

constexpr int out_of_memory = 2;  // an exit code

/// The child's part: every line comes back in upper case.
void answer(int terminal) {
    setsid();
    ioctl(terminal, TIOCSCTTY, 0);
    char line[256];
    for (ssize_t size = 0; (size = read(terminal, line, sizeof line)) > 0;) {
        for (char& letter : line) {
            letter =
                letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
        }
        if (write(terminal, line, static_cast<size_t>(size)) != size) {
            _exit(errno == ENOMEM ? out_of_memory : 1);
        }
    }
    _exit(0);
}

/// Reads until a newline.
bool read_line(int file, char* line, size_t most) {
    for (size_t at = 0; at + 1 < most; ++at) {
        if (read(file, line + at, 1) != 1) {
            return false;
        }
        if (line[at] == '\n') {
            line[at + 1] = '\0';
            return true;
        }
    }
    return false;
}

const char* exchange_lines(int master, Random& random) {
    for (uint64_t lines = 1 + random.below(10); lines > 0; --lines) {
        char typed[128];
        char expected[128];
        const size_t size = random.below(100);
        for (size_t i = 0; i < size; ++i) {
            typed[i] = static_cast<char>('a' + random.below(26));
            expected[i] = static_cast<char>(typed[i] - 'a' + 'A');
        }
        std::memcpy(typed + size, "!\x7f\n", 3);  // what is rubbed out does not arrive
        std::memcpy(expected + size, "\r\n", 3);
        char answered[128];
        if (write(master, typed, size + 3) != static_cast<ssize_t>(size + 3)) {
            return errno == ENOMEM ? nullptr : "typing at a terminal";
        }
        if (!read_line(master, answered, sizeof answered)) {
            return "an answer from a terminal";
        }
        if (std::strcmp(answered, expected) != 0) {
            return "what came back from a terminal";
        }
    }
    return nullptr;
}

}  // namespace

Outcome talk_by_terminal(Random& random) {
    const TerminalEnds ends = open_terminal(0);
    if (ends.terminal < 0) {
        close(ends.master);
        return {};
    }
    termios settings{};
    tcgetattr(ends.terminal, &settings);
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(ends.terminal, TCSANOW, &settings);
    const pid_t child = fork();
    if (child == 0) {
        close(ends.master);
        answer(ends.terminal);
    }
    close(ends.terminal);
    const char* failure = child > 0 ? exchange_lines(ends.master, random) : nullptr;
    if (random.one_in(2)) {
        static_cast<void>(write(ends.master, "\x04", 1));  // else the hang-up ends it
    }
    close(ends.master);
    const bool refused = child > 0 && exit_code_of(child) == out_of_memory;
    return {refused ? nullptr : failure};
}

Outcome abandon_terminals(Random& random) {
    const pid_t leader = fork();
    if (leader < 0) {
        return {};
    }
    if (leader > 0) {
        int status = 0;
        waitpid(leader, &status, 0);
        return {};
    }
    setsid();
    for (uint64_t count = 1 + random.below(3); count > 0; --count) {
        const TerminalEnds ends = open_terminal(O_NONBLOCK);
        ioctl(ends.terminal, TIOCSCTTY, 0);
        static_cast<void>(write(ends.master, "unread\nhalf a li", random.below(16)));
        static_cast<void>(write(ends.terminal, "never seen", random.below(11)));
        if (random.one_in(2)) {
            const pid_t job = fork();
            if (job == 0) {
                setpgid(0, 0);
                // In the background, and soon an orphan: stopped, or told EIO, or hung up.
                char byte = 0;
                static_cast<void>(read(ends.terminal, &byte, 1));
                _exit(0);
            }
        }
        if (random.one_in(3)) {
            close(random.one_in(2) ? ends.master : ends.terminal);
        }
    }
    if (random.one_in(2)) {
        kill(getpid(), SIGKILL);
    }
    _exit(0);
}

}  // namespace endurance
