// SPDX-License-Identifier: MIT
// Editing the open line, and showing it.
#include "kernel/core/terminal/line_discipline.h"

namespace ringfence::kernel {

namespace {

constexpr u8 backspace = '\b';

bool is_letter_or_digit(u8 byte) {
    // In Latin-1, as Linux has it: from 192 on there are letters but for two signs.
    constexpr u8 first_letter = 192;
    constexpr u8 times_sign = 215;
    constexpr u8 division_sign = 247;
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '_' ||
           (byte >= first_letter && byte != times_sign && byte != division_sign);
}

}  // namespace

/// True if that is all that `byte` was for.
bool LineDiscipline::edit(u8 byte) {
    using enum ControlCharacter;
    if (has(Erase, byte)) {
        erase(Erasure::Character);
    } else if (has(Kill, byte)) {
        erase(Erasure::Line);
    } else if (extended() && has(WordErase, byte)) {
        erase(Erasure::Word);
    } else if (extended() && has(LiteralNext, byte)) {
        literal_next_ = true;
        if (echoes()) {
            end_erasing();
            if (local_modes::EchoControl::test(settings_.local)) {
                output_.echo('^');
                output_.echo(backspace);
            }
        }
    } else if (extended() && echoes() && has(Reprint, byte)) {
        reprint();
    } else {
        return false;
    }
    return true;
}

void LineDiscipline::reprint() {
    end_erasing();
    output_.echo_visibly(settings_.character(ControlCharacter::Reprint));
    output_.echo('\n');
    for (u64 i = 0; i < input_.open_size(); ++i) {
        output_.echo_visibly(input_.open_byte(i));
    }
}

/// The line is gone, and the kill character stands where it was if at all.
void LineDiscipline::kill_at_once() {
    input_.drop_last(input_.open_size());
    if (!echoes()) {
        return;
    }
    end_erasing();
    output_.echo_visibly(settings_.character(ControlCharacter::Kill));
    if (local_modes::EchoKill::test(settings_.local)) {
        output_.echo('\n');
    }
}

/// Bytes of the open line's last character; 0 if it has no beginning there.
u64 LineDiscipline::last_character_size() const {
    const u64 size = input_.open_size();
    u64 bytes = 1;
    while (bytes < size && is_utf8_continuation(settings_, input_.open_byte(size - bytes))) {
        ++bytes;
    }
    return is_utf8_continuation(settings_, input_.open_byte(size - bytes)) ? 0 : bytes;
}

void LineDiscipline::erase(Erasure what) {
    using namespace local_modes;
    if (input_.open_size() == 0) {
        return;
    }
    const u32 modes = settings_.local;
    if (what == Erasure::Line && !(Echo::test(modes) && EchoErase::test(modes) &&
                                   EchoKill::test(modes) && EchoKillErase::test(modes))) {
        kill_at_once();
        return;
    }
    bool in_word = false;
    while (input_.open_size() > 0) {
        const u64 bytes = last_character_size();
        if (bytes == 0) {
            break;
        }
        const bool part_of_word = is_letter_or_digit(input_.open_byte(input_.open_size() - bytes));
        if (what == Erasure::Word && in_word && !part_of_word) {
            break;
        }
        in_word = in_word || part_of_word;
        if (echoes()) {
            show_erased(what, bytes);
        }
        input_.drop_last(bytes);
        if (what == Erasure::Character) {
            break;
        }
    }
    if (input_.open_size() == 0 && echoes()) {
        end_erasing();
    }
}

/// Shows that the last `size` bytes, one character, go.
void LineDiscipline::show_erased(Erasure what, u64 size) {
    const u64 first = input_.open_size() - size;
    const u8 byte = input_.open_byte(first);
    if (local_modes::EchoPrint::test(settings_.local)) {
        if (!std::exchange(printing_erased_, true)) {
            output_.echo('\\');
        }
        output_.echo_visibly(byte);
        for (u64 i = 1; i < size; ++i) {
            output_.echo(input_.open_byte(first + i));
        }
    } else if (what == Erasure::Character && !local_modes::EchoErase::test(settings_.local)) {
        output_.echo_visibly(settings_.character(ControlCharacter::Erase));
    } else if (byte == '\t') {
        rub_out_tab();
    } else {
        rub_out(byte);
    }
}

void LineDiscipline::rub_out(u8 byte) {
    const bool as_two = local_modes::EchoControl::test(settings_.local);
    if (is_control(byte) && !as_two) {
        return;
    }
    output_.echo_rubout();
    if (is_control(byte)) {
        output_.echo_rubout();
    }
}

/// How wide the tab was follows from what stands before it.
void LineDiscipline::rub_out_tab() {
    u64 columns = 0;
    for (u64 i = input_.open_size() - 1; i > 0; --i) {
        const u8 byte = input_.open_byte(i - 1);
        if (byte == '\t') {
            output_.echo_tab_rubout(columns, true);
            return;
        }
        if (is_control(byte)) {
            columns += local_modes::EchoControl::test(settings_.local) ? 2 : 0;
        } else {
            columns += is_utf8_continuation(settings_, byte) ? 0 : 1;
        }
    }
    output_.echo_tab_rubout(columns, false);
}

void LineDiscipline::end_erasing() {
    if (std::exchange(printing_erased_, false)) {
        output_.echo('/');
    }
}

}  // namespace ringfence::kernel
