// SPDX-License-Identifier: MIT
// The terminal at which the user sits, for a guest whose console it becomes.
#pragma once

#include <string>
#include <vector>

#include "lab/machine/program_streams.h"
#include "lab/machine/terminal_link.h"
#include "lab/terminal/escape_keys.h"
#include "lab/terminal/input_feed.h"

namespace ringfence::lab::terminal {

/// Somebody sits there who types and looks: standard input is a terminal that this process may
/// read, and standard output is one too.
[[nodiscard]] bool is_interactive();

/// Of the terminal that is standard output; 24 rows of 80 if it does not say.
[[nodiscard]] abi::control::WindowSize window_size();

/// What a guest needs to know of the terminal, from this process's environment: TERM as NAME=VALUE.
/// Empty if it has no such name, or none that could be the name of a file.
[[nodiscard]] std::vector<std::string> terminal_environment();
/// The host's file that describes that kind of terminal (terminfo(5)), by which programs find out
/// what it can do. Empty if there is none.
[[nodiscard]] std::vector<std::string> terminal_description();

class UserTerminal final : public machine::TerminalLink {
public:
    /// `streams` is flushed whenever the guest waits: what it says is seen at once.
    UserTerminal(machine::StopRequest& stop, machine::HostStreams& streams)
        : stop_(stop), streams_(streams), input_(stop), keys_(stop) {}

    std::string take_typed() override;
    std::optional<abi::control::WindowSize> take_new_size() override;
    std::chrono::nanoseconds wait(std::chrono::nanoseconds time) override;
    [[nodiscard]] int descriptor() const override;

private:
    machine::StopRequest& stop_;
    machine::HostStreams& streams_;
    StandardInput input_;
    EscapeKeys keys_;
    abi::control::WindowSize size_ = window_size();
    bool ended_ = false;
};

}  // namespace ringfence::lab::terminal
