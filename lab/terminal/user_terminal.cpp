// SPDX-License-Identifier: MIT
#include "lab/terminal/user_terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "lab/standard_input.h"

namespace ringfence::lab::terminal {

namespace {

/// TERM, if it can be the name of a file.
std::string_view kind_of_terminal() {
    const char* const value = std::getenv("TERM");
    const std::string_view name = value == nullptr ? "" : value;
    return name.empty() || name.front() == '.' || name.find('/') != std::string_view::npos ? ""
                                                                                           : name;
}

bool differs(const abi::control::WindowSize& one, const abi::control::WindowSize& other) {
    return one.rows != other.rows || one.columns != other.columns || one.width != other.width ||
           one.height != other.height;
}

}  // namespace

bool is_interactive() {
    return standard_input_kind() == StandardInputKind::Terminal && isatty(STDOUT_FILENO) != 0;
}

abi::control::WindowSize window_size() {
    constexpr abi::control::WindowSize usual{.rows = 24, .columns = 80, .width = 0, .height = 0};
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
        return usual;
    }
    return {.rows = size.ws_row,
            .columns = size.ws_col,
            .width = size.ws_xpixel,
            .height = size.ws_ypixel};
}

std::vector<std::string> terminal_environment() {
    const std::string_view kind = kind_of_terminal();
    return kind.empty() ? std::vector<std::string>{}
                        : std::vector<std::string>{fmt::format("TERM={}", kind)};
}

std::vector<std::string> terminal_description() {
    const std::string_view kind = kind_of_terminal();
    for (const char* directory : {"/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo"}) {
        if (!kind.empty()) {
            std::string file = fmt::format("{}/{}/{}", directory, kind.front(), kind);
            if (access(file.c_str(), R_OK) == 0) {
                return {file};
            }
        }
    }
    return {};
}

std::string UserTerminal::take_typed() {
    std::string typed;
    if (!ended_ && input_.read(typed) == InputFeed::State::Ended) {
        // It was hung up. Whoever does that sends SIGHUP, but not always to this process.
        ended_ = true;
        stop_.request(machine::StopReason::Terminated);
    }
    std::string to_guest;
    keys_.take(typed, to_guest);
    return to_guest;
}

std::optional<abi::control::WindowSize> UserTerminal::take_new_size() {
    const abi::control::WindowSize now = window_size();
    if (!differs(now, size_)) {
        return std::nullopt;
    }
    size_ = now;
    return now;
}

std::chrono::nanoseconds UserTerminal::wait(std::chrono::nanoseconds time) {
    streams_.flush();
    return input_.wait(time);
}

int UserTerminal::descriptor() const {
    return ended_ ? -1 : STDIN_FILENO;
}

}  // namespace ringfence::lab::terminal
