// SPDX-License-Identifier: MIT
#include "kernel/core/terminal/terminal.h"

#include "kernel/core/signal/signal_numbers.h"
#include "kernel/core/terminal/job_control.h"

namespace ringfence::kernel {

void Terminal::hang_up() {
    ++hang_ups_;
    lose_session(*this);
    read_queue.wake_all();
    write_queue.wake_all();
}

void Terminal::set_window(const WindowSize& size) {
    if (window_ != size) {
        signal_foreground(signals::window_change);
        window_ = size;
    }
}

void Terminal::set_settings(const TerminalSettings& wanted) {
    discipline.set_settings(wanted);
    // Whether there is something to read may depend on it.
    read_queue.wake_all();
    write_queue.wake_all();
}

void Terminal::discard_input() {
    discipline.discard_input();
    input_taken();
}

void Terminal::inject(u8 byte) {
    static_cast<void>(discipline.receive(byte));
    read_queue.wake_all();
}

void Terminal::signal_foreground(u32 number) {
    if (foreground != 0) {
        signal_group(foreground, session, number);
    }
}

}  // namespace ringfence::kernel
