// SPDX-License-Identifier: MIT
#include "kernel/core/terminal/output_line.h"

#include <algorithm>

namespace ringfence::kernel {

namespace {

constexpr u64 tab_width = 8;
constexpr u8 backspace = '\b';

/// What turns a control character into the letter that it is named by, and back.
constexpr u8 to_letter(u8 control) {
    using Letter = Flag<6, u32>;
    return static_cast<u8>(control ^ Letter::mask);
}

u8 upper(u8 byte) {
    return byte >= 'a' && byte <= 'z' ? static_cast<u8>(byte - 'a' + 'A') : byte;
}

}  // namespace

usize OutputLine::process(u8 byte, u8* out) {
    using namespace output_modes;
    const u32 modes = settings_.output;
    if (!Process::test(modes)) {
        out[0] = byte;
        return 1;
    }
    if (is_control(byte)) {
        return process_control(byte, out);
    }
    out[0] = UpperCase::test(modes) ? upper(byte) : byte;
    column_ += is_utf8_continuation(settings_, byte) ? 0 : 1;
    return 1;
}

usize OutputLine::process_control(u8 byte, u8* out) {
    using namespace output_modes;
    const u32 modes = settings_.output;
    out[0] = byte;
    switch (byte) {
        case '\n':
            if (NewlineToReturnNewline::test(modes)) {
                column_ = line_column_ = 0;
                out[0] = '\r';
                out[1] = '\n';
                return 2;
            }
            column_ = NewlineReturns::test(modes) ? 0 : column_;
            line_column_ = column_;
            return 1;
        case '\r':
            if (NoReturnAtStart::test(modes) && column_ == 0) {
                return 0;
            }
            if (ReturnToNewline::test(modes)) {
                out[0] = '\n';
            }
            if (!ReturnToNewline::test(modes) || NewlineReturns::test(modes)) {
                column_ = line_column_ = 0;
            }
            return 1;
        case '\t': {
            const u64 spaces = tab_width - column_ % tab_width;
            column_ += spaces;
            if (TabHandling::get(modes) == tabs_become_spaces) {
                std::fill_n(out, spaces, static_cast<u8>(' '));
                return spaces;
            }
            return 1;
        }
        case backspace:
            column_ -= column_ > 0 ? 1 : 0;
            return 1;
        default:
            return 1;
    }
}

bool OutputLine::has_room() const {
    return !stopped_ && held_.empty() && port_.room() >= longest_expansion;
}

u64 OutputLine::write(std::span<const u8> bytes) {
    send_held();
    u64 done = 0;
    while (done < bytes.size() && has_room()) {
        u8 processed[256];
        const u64 most = std::min<u64>(port_.room(), sizeof(processed));
        usize used = 0;
        while (done < bytes.size() && used + longest_expansion <= most) {
            used += process(bytes[done++], processed + used);
        }
        port_.send({processed, used});
    }
    return done;
}

void OutputLine::send_held() {
    const usize count = stopped_ ? 0 : std::min<u64>(held_.size(), port_.room());
    if (count > 0) {
        port_.send({held_.data(), count});
        held_.erase(0, count);
    }
}

void OutputLine::send_echo(std::span<const u8> bytes) {
    send_held();
    if (!stopped_ && held_.empty() && port_.room() >= bytes.size()) {
        port_.send(bytes);
    } else if (held_.size() + bytes.size() <= most_held && held_.try_make_room(bytes.size())) {
        // More than that nobody has typed without looking.
        for (const u8 byte : bytes) {
            held_.push_back(byte);
        }
    }
}

void OutputLine::echo(u8 byte) {
    u8 processed[longest_expansion];
    const usize count = process(byte, processed);
    send_echo({processed, count});
}

void OutputLine::echo_visibly(u8 byte) {
    if (!local_modes::EchoControl::test(settings_.local) || !is_control(byte) || byte == '\t') {
        echo(byte);
        return;
    }
    const u8 pair[] = {'^', to_letter(byte)};
    column_ += sizeof(pair);
    send_echo(pair);
}

void OutputLine::echo_rubout() {
    echo(backspace);
    echo(' ');
    echo(backspace);
}

void OutputLine::echo_tab_rubout(u64 columns, bool after_tab) {
    const u64 before = columns + (after_tab ? 0 : line_column_);
    for (u64 count = tab_width - before % tab_width; count > 0; --count) {
        echo(backspace);
    }
}

void OutputLine::stop() {
    if (!stopped_) {
        stopped_ = true;
        port_.flow_changed(true);
    }
}

void OutputLine::start() {
    if (stopped_) {
        stopped_ = false;
        port_.flow_changed(false);
        send_held();
    }
}

}  // namespace ringfence::kernel
