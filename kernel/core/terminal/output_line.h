// SPDX-License-Identifier: MIT
// The output half of a line discipline: what programs write and what is echoed, on its way to the
// terminal. Knows the column, and whether output is stopped.
#pragma once

#include <span>

#include "kernel/core/containers/vector.h"
#include "kernel/core/terminal/port.h"
#include "kernel/core/terminal/settings.h"

namespace ringfence::kernel {

/// A control character: echoed as ^X where that is wanted, and without a width of its own.
[[nodiscard]] constexpr bool is_control(u8 byte) {
    constexpr u8 first_printed = ' ';
    constexpr u8 delete_character = 127;
    return byte < first_printed || byte == delete_character;
}

/// A byte that belongs to the character before it.
[[nodiscard]] inline bool is_utf8_continuation(const TerminalSettings& settings, u8 byte) {
    using TopBits = Bitfield<6, 2, u32>;
    constexpr u32 continuation = 2;
    return input_modes::Utf8::test(settings.input) && TopBits::get(byte) == continuation;
}

class OutputLine {
public:
    /// Both outlive it.
    OutputLine(TerminalPort& port, const TerminalSettings& settings)
        : port_(port), settings_(settings) {}

    /// Sends what a program wrote, as much as there is room for: how many of its bytes.
    [[nodiscard]] u64 write(std::span<const u8> bytes);
    /// Bytes of a program would be taken.
    [[nodiscard]] bool has_room() const;

    /// Echoes a byte as if a program had written it.
    void echo(u8 byte);
    /// The same, but a control character is seen as ^X.
    void echo_visibly(u8 byte);
    /// Goes back over the last character.
    void echo_rubout();
    /// Goes back over a tab that `columns` columns of its line came before, or, with `after_tab`,
    /// that many since the tab before it.
    void echo_tab_rubout(u64 columns, bool after_tab);
    /// The line that is typed begins in this column.
    void begin_line() { line_column_ = column_; }
    /// Sends echoes for which there was no room.
    void send_held();
    void discard_held() { held_.clear(); }

    [[nodiscard]] bool stopped() const { return stopped_; }
    void stop();
    void start();

private:
    /// What one byte can become: the spaces of a tab.
    static constexpr usize longest_expansion = 8;
    static constexpr usize most_held = 4096;

    usize process(u8 byte, u8* out);
    usize process_control(u8 byte, u8* out);
    void send_echo(std::span<const u8> bytes);

    TerminalPort& port_;
    const TerminalSettings& settings_;
    u64 column_ = 0;
    u64 line_column_ = 0;
    bool stopped_ = false;
    Vector<u8> held_;  ///< echoes that wait; programs' bytes wait behind them
};

}  // namespace ringfence::kernel
