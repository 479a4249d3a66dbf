// SPDX-License-Identifier: MIT
// What arrives, what becomes of it, and reading. Editing is in line_editing.cpp.
#include "kernel/core/terminal/line_discipline.h"

#include "kernel/core/signal/signal_numbers.h"

namespace ringfence::kernel {

namespace {

constexpr u8 all_ones = 255;

struct SignalCharacter {
    ControlCharacter which;
    u32 signal;
};
constexpr SignalCharacter signal_characters[] = {
    {ControlCharacter::Interrupt, signals::interrupt},
    {ControlCharacter::Quit, signals::quit},
    {ControlCharacter::Suspend, signals::terminal_stop},
};

u8 lower(u8 byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<u8>(byte - 'A' + 'a') : byte;
}

}  // namespace

void LineDiscipline::set_settings(const TerminalSettings& wanted) {
    const TerminalSettings before = settings_;
    settings_ = wanted;
    if (before.reads_lines() != wanted.reads_lines()) {
        if (wanted.reads_lines()) {
            input_.close_open_line();
        } else {
            input_.forget_lines();
        }
        literal_next_ = printing_erased_ = false;
    }
    using input_modes::FlowControl;
    if (FlowControl::test(before.input) && !FlowControl::test(wanted.input) &&
        !stopped_by_program_) {
        output_.start();
    }
}

bool LineDiscipline::make_room() {
    if (input_.room() > 1) {
        return true;
    }
    if (!settings_.canonical() || input_.has_line()) {
        return false;
    }
    if (input_.room() == 0) {
        input_.drop_last(1);
    }
    return true;
}

bool LineDiscipline::receive(u8 byte) {
    if (!make_room()) {
        return false;
    }
    if (input_modes::StripHighBit::test(settings_.input)) {
        using LowBits = Bitfield<0, 7, u32>;
        byte = static_cast<u8>(LowBits::get(byte));
    }
    if (input_modes::LowerCase::test(settings_.input) && extended()) {
        byte = lower(byte);
    }
    if (local_modes::External::test(settings_.local)) {
        input_.put(byte);
        return true;
    }
    if (std::exchange(literal_next_, false)) {
        take_literally(byte, EchoAs::Visible);
        return true;
    }
    if (control_flow(byte) || raise_signal(byte)) {
        return true;
    }
    restart_by_any();
    EchoAs how = EchoAs::Visible;
    if (byte == '\r') {
        if (input_modes::IgnoreReturn::test(settings_.input)) {
            return true;
        }
        if (input_modes::ReturnToNewline::test(settings_.input)) {
            byte = '\n';
            how = EchoAs::Newline;
        }
    } else if (byte == '\n' && input_modes::NewlineToReturn::test(settings_.input)) {
        byte = '\r';
    }
    if (!settings_.canonical() || (!edit(byte) && !end_line(byte))) {
        take_literally(byte, how);
    }
    return true;
}

/// True if that is all that `byte` was for.
bool LineDiscipline::control_flow(u8 byte) {
    if (!input_modes::FlowControl::test(settings_.input)) {
        return false;
    }
    if (has(ControlCharacter::Start, byte)) {
        if (!stopped_by_program_) {
            output_.start();
        }
        return true;
    }
    if (has(ControlCharacter::Stop, byte)) {
        output_.stop();
        return true;
    }
    return false;
}

bool LineDiscipline::raise_signal(u8 byte) {
    if (!local_modes::Signals::test(settings_.local)) {
        return false;
    }
    for (const SignalCharacter& row : signal_characters) {
        if (has(row.which, byte)) {
            if (!local_modes::NoFlush::test(settings_.local)) {
                output_.discard_held();
                port_.output_discarded();
                input_.clear();
                port_.input_discarded();
            }
            port_.signal_foreground(row.signal);
            if (input_modes::FlowControl::test(settings_.input) && !stopped_by_program_) {
                output_.start();
            }
            if (echoes()) {
                output_.echo_visibly(byte);
            }
            return true;
        }
    }
    return false;
}

void LineDiscipline::restart_by_any() {
    if (output_.stopped() && !stopped_by_program_ &&
        input_modes::FlowControl::test(settings_.input) &&
        input_modes::AnyRestarts::test(settings_.input)) {
        output_.start();
    }
}

/// True if `byte` ended the line.
bool LineDiscipline::end_line(u8 byte) {
    if (byte == '\n') {
        if (echoes() || local_modes::EchoNewline::test(settings_.local)) {
            output_.echo('\n');
        }
        input_.end_line('\n');
        return true;
    }
    if (has(ControlCharacter::EndOfFile, byte)) {
        input_.end_line(LineBuffer::end_of_file);
        return true;
    }
    if (has(ControlCharacter::EndOfLine, byte) ||
        (extended() && has(ControlCharacter::EndOfLine2, byte))) {
        if (echoes()) {
            if (input_.open_size() == 0) {
                output_.begin_line();
            }
            output_.echo_visibly(byte);
        }
        input_.end_line(byte);
        return true;
    }
    return false;
}

/// A newline that arrived as one and ends no line is seen as ^J, as in Linux.
void LineDiscipline::take_literally(u8 byte, EchoAs how) {
    if (echoes()) {
        end_erasing();
        if (how == EchoAs::Newline) {
            output_.echo('\n');
        } else {
            if (input_.open_size() == 0) {
                output_.begin_line();
            }
            output_.echo_visibly(byte);
        }
    }
    if (byte == all_ones && input_modes::MarkErrors::test(settings_.input)) {
        input_.put(byte);
    }
    input_.put(byte);
}

bool LineDiscipline::readable(u64 least) const {
    return settings_.reads_lines() ? input_.has_line() : input_.size() >= least;
}

Fallible<u64> LineDiscipline::read(const IoDestination& to) {
    return settings_.reads_lines() ? input_.take_line(to) : input_.take(to);
}

u64 LineDiscipline::readable_bytes() const {
    return settings_.reads_lines() ? input_.size_of_lines() : input_.size();
}

void LineDiscipline::discard_input() {
    input_.clear();
    port_.input_discarded();
}

void LineDiscipline::stop_output() {
    stopped_by_program_ = true;
    output_.stop();
}

void LineDiscipline::start_output() {
    if (std::exchange(stopped_by_program_, false)) {
        output_.start();
    }
}

}  // namespace ringfence::kernel
