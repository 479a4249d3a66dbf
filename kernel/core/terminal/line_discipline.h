// SPDX-License-Identifier: MIT
// The line discipline: what lies between a terminal and the programs that read and write it.
// Characters that mean something (erase, interrupt, stop) do it when they arrive.
// [linux/abi]: termios(3)
#pragma once

#include "kernel/core/terminal/line_buffer.h"
#include "kernel/core/terminal/output_line.h"

namespace ringfence::kernel {

class LineDiscipline {
public:
    /// `port` outlives it.
    explicit LineDiscipline(TerminalPort& port) : port_(port), output_(port, settings_) {}

    [[nodiscard]] const TerminalSettings& settings() const { return settings_; }
    /// What was received stays, in lines or without them.
    void set_settings(const TerminalSettings& wanted);

    /// A byte arrives. False if it must wait until something is read. A line that nobody ended and
    /// that fills the buffer makes no one wait: its last byte is lost.
    [[nodiscard]] bool receive(u8 byte);
    /// Sends what a program wrote, as much as there is room for: how many of its bytes.
    [[nodiscard]] u64 write(std::span<const u8> bytes) { return output_.write(bytes); }
    [[nodiscard]] bool has_room() const { return output_.has_room(); }
    /// There is room again: echoes that waited for it come first.
    void room_made() { output_.send_held(); }

    /// A line, or without lines at least `least` bytes, is there.
    [[nodiscard]] bool readable(u64 least = 1) const;
    /// Reads a line or a part of it, or without lines what is there. Fewer bytes up to a bad
    /// address, Efault if that is the first.
    Fallible<u64> read(const IoDestination& to);
    /// Bytes that could be read.
    [[nodiscard]] u64 readable_bytes() const;
    void discard_input();

    // TCXONC: what a program stopped, no character starts.
    void stop_output();
    void start_output();
    [[nodiscard]] bool output_stopped() const { return output_.stopped(); }

private:
    enum class Erasure : u8 { Character, Word, Line };

    [[nodiscard]] bool has(ControlCharacter which, u8 byte) const {
        return settings_.is(byte, which);
    }
    [[nodiscard]] bool echoes() const { return local_modes::Echo::test(settings_.local); }
    [[nodiscard]] bool extended() const { return local_modes::Extended::test(settings_.local); }

    bool make_room();
    bool control_flow(u8 byte);
    bool raise_signal(u8 byte);
    bool edit(u8 byte);
    bool end_line(u8 byte);
    enum class EchoAs : u8 { Visible, Newline };
    void take_literally(u8 byte, EchoAs how);
    void restart_by_any();

    void erase(Erasure what);
    void kill_at_once();
    u64 last_character_size() const;
    void show_erased(Erasure what, u64 size);
    void rub_out(u8 byte);
    void rub_out_tab();
    void end_erasing();
    void reprint();

    TerminalPort& port_;
    TerminalSettings settings_ = initial_terminal_settings();
    OutputLine output_;
    LineBuffer input_;
    bool literal_next_ = false;        ///< VLNEXT came: the next one means nothing
    bool printing_erased_ = false;     ///< with EchoPrint: between \ and /
    bool stopped_by_program_ = false;  ///< by TCXONC
};

}  // namespace ringfence::kernel
