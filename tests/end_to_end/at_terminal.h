// SPDX-License-Identifier: MIT
// A command at a terminal of its own, and somebody who types and looks there.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <string>
#include <vector>

namespace ringfence::end_to_end {

/// `ringfence ARGUMENTS...` as the leader of a session that a pseudo-terminal controls. Killed, if
/// it still runs, at its end.
class AtTerminal {
public:
    /// `errors_to`: a file for standard error, which is the terminal if it is empty.
    explicit AtTerminal(const std::vector<std::string>& arguments,
                        const std::string& errors_to = {});
    AtTerminal(const AtTerminal&) = delete;
    AtTerminal& operator=(const AtTerminal&) = delete;
    ~AtTerminal();

    void type(const std::string& keys) const;
    /// Reads until `text` is on the screen, behind what was waited for before; false if it does not
    /// come, or the command ends first.
    [[nodiscard]] bool sees(const std::string& text);
    /// All that was on the screen so far.
    [[nodiscard]] const std::string& screen() const { return screen_; }
    void set_size(unsigned short rows, unsigned short columns) const;
    void send_signal(int number) const;
    /// Whether the terminal echoes, gathers lines and makes signals, as it does at first.
    [[nodiscard]] bool is_as_before() const;
    /// Waits for the command's end: its exit status, or 128 + N; -1 if it does not end.
    [[nodiscard]] int wait();

private:
    bool read_more(int milliseconds);

    int master_ = -1;
    int slave_ = -1;  ///< kept open: its modes are looked at when the command has ended
    pid_t child_ = -1;
    termios before_{};
    std::string screen_;
    size_t seen_ = 0;
};

}  // namespace ringfence::end_to_end
