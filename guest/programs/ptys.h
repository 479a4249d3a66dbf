// SPDX-License-Identifier: MIT
// Shared by the programs about pseudo-terminals: a pair, and what arrives at its ends.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <string>

#include "guest/programs/check.h"

/// Both ends of a new pseudo-terminal; closed at the end.
struct PseudoTerminal {
    int master;
    int terminal = -1;
    std::string name;

    explicit PseudoTerminal(int flags = O_NONBLOCK) {
        master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | flags);
        require(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "posix_openpt");
        char text[64];
        require(ptsname_r(master, text, sizeof text) == 0, "ptsname");
        name = text;
        open_terminal(flags);
    }
    PseudoTerminal(const PseudoTerminal&) = delete;
    PseudoTerminal& operator=(const PseudoTerminal&) = delete;
    ~PseudoTerminal() {
        close_terminal();
        close_master();
    }

    void open_terminal(int flags = O_NONBLOCK) {
        terminal = open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | flags);
        require(terminal >= 0, "open a terminal");
    }
    void close_terminal() {
        if (terminal >= 0) {
            close(terminal);
        }
        terminal = -1;
    }
    void close_master() {
        if (master >= 0) {
            close(master);
        }
        master = -1;
    }

    [[nodiscard]] termios settings() const {
        termios now{};
        require(tcgetattr(terminal, &now) == 0, "tcgetattr");
        return now;
    }
    void set(const termios& wanted) const {
        require(tcsetattr(terminal, TCSANOW, &wanted) == 0, "tcsetattr");
    }
    /// Settings with some modes switched on and others off.
    void change(tcflag_t termios::* modes, tcflag_t on, tcflag_t off) const {
        termios now = settings();
        now.*modes = ((now.*modes) & ~off) | on;
        set(now);
    }
    void set_character(int which, cc_t value) const {
        termios now = settings();
        now.c_cc[which] = value;
        set(now);
    }
    void type(const std::string& text) const {
        require(write(master, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
                "type");
        // Linux hands input on in the background; who asks whether there is some waits for that.
        pollfd asked{terminal, POLLIN, 0};
        poll(&asked, 1, 0);
    }
};

/// Bytes as text: Ctrl-X is ^X, and what is no letter or sign its number.
inline std::string visible(const std::string& bytes) {
    std::string text;
    for (const char letter : bytes) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte < 32 || byte == 127) {
            text += '^';
            text += static_cast<char>(byte ^ 64);
        } else if (byte > 127 || letter == '^' || letter == '\\') {
            char number[8];
            std::snprintf(number, sizeof number, "\\%02x", byte);
            text += number;
        } else {
            text += letter;
        }
    }
    return text;
}

/// What can be read without waiting for long, and why there is no more.
inline std::string arrived(int file) {
    std::string bytes;
    for (;;) {
        pollfd asked{file, POLLIN, 0};
        constexpr int quiet_time = 20;
        if (poll(&asked, 1, quiet_time) == 0) {
            return visible(bytes);
        }
        char part[4096];
        const ssize_t count = read(file, part, sizeof part);
        if (count <= 0) {
            return visible(bytes) + (count == 0 ? " (end)" : errno == EIO ? " (EIO)" : " (?)");
        }
        bytes.append(part, static_cast<size_t>(count));
    }
}

/// One read, as "<text>", "<>" for the end or the reason why it failed.
inline std::string one_read(int file, size_t most = 4096) {
    char bytes[4096];
    const ssize_t count = read(file, bytes, most);
    return count < 0 ? strerrorname_np(errno)
                     : "<" + visible({bytes, static_cast<size_t>(count)}) + ">";
}
