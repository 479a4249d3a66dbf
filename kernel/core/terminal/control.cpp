// SPDX-License-Identifier: MIT
#include "kernel/core/terminal/control.h"

#include "kernel/core/fs/control_requests.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/signal_numbers.h"
#include "kernel/core/terminal/job_control.h"
#include "kernel/core/terminal/terminal_requests.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel {

namespace {

using Pointer = VirtualAddress;

template <typename T>
Fallible<u64> give(u64 argument, const T& value) {
    RF_TRY(write_user(Pointer{argument}, value));
    return u64{0};
}

enum class Flush : u8 { No, Yes };

TerminalSettingsWithSpeed settings_of(const Terminal& terminal) {
    const TerminalSettings& settings = terminal.discipline.settings();
    const u32 named = terminal_speed(settings.control);
    return {settings, named != 0 ? named : terminal.input_speed,
            named != 0 ? named : terminal.output_speed};
}

/// What was sent is with the other end at once, so there is nothing to wait for.
template <typename T>
Fallible<u64> set_settings(Terminal& terminal, u64 argument, Flush flush) {
    RF_TRY(check_foreground(terminal, signals::terminal_output));
    RF_TRY_ASSIGN(wanted, read_user<T>(Pointer{argument}));
    if (flush == Flush::Yes) {
        terminal.discipline.discard_input();
        terminal.input_taken();
    }
    if constexpr (std::is_same_v<T, TerminalSettingsWithSpeed>) {
        terminal.input_speed = wanted.input_speed;
        terminal.output_speed = wanted.output_speed;
        terminal.set_settings(wanted.settings);
    } else {
        terminal.set_settings(wanted);
    }
    return u64{0};
}

Fallible<u64> change_flow(Terminal& terminal, u64 how) {
    enum How : u64 { StopOutput, StartOutput, SendStop, SendStart };
    RF_TRY(check_foreground(terminal, signals::terminal_output));
    const auto send = [&](ControlCharacter which) {
        const u8 byte[] = {terminal.discipline.settings().character(which)};
        if (byte[0] != 0 && terminal.room() > 0) {
            terminal.send(byte);
        }
    };
    switch (how) {
        case StopOutput:
            terminal.discipline.stop_output();
            return u64{0};
        case StartOutput:
            terminal.discipline.start_output();
            return u64{0};
        case SendStop:
            send(ControlCharacter::Stop);
            return u64{0};
        case SendStart:
            send(ControlCharacter::Start);
            return u64{0};
        default:
            return Error{Errno::Einval};
    }
}

Fallible<u64> flush(Terminal& terminal, u64 which) {
    enum Which : u64 { Input, Output, Both };
    RF_TRY(check_foreground(terminal, signals::terminal_output));
    if (which > Both) {
        return Error{Errno::Einval};
    }
    if (which != Output) {
        terminal.discard_input();
    }
    if (which != Input) {
        terminal.output_discarded();
    }
    return u64{0};
}

/// Whether the running process may ask for the session and its foreground: the master always may.
bool is_known_to_caller(const Terminal& terminal, const TerminalEnd& end) {
    return end.is_master || current_process().terminal == &terminal;
}

Fallible<u64> set_foreground_from(Terminal& terminal, u64 argument) {
    if (const auto checked = check_foreground(terminal, signals::terminal_output); !checked) {
        return Error{checked.error() == Errno::Eio ? Errno::Enotty : checked.error()};
    }
    RF_TRY_ASSIGN(group, read_user<i32>(Pointer{argument}));
    RF_TRY(set_foreground(terminal, group));
    return u64{0};
}

Fallible<u64> inject(Terminal& terminal, u64 argument) {
    const Process& self = current_process();
    const bool privileged = self.credentials.may(Capability::SysAdmin);
    // As Linux is by default since 6.2: nobody types for others.
    if (!privileged) {
        return Error{Errno::Eio};
    }
    RF_TRY_ASSIGN(byte, read_user<u8>(Pointer{argument}));
    terminal.inject(byte);
    return u64{0};
}

/// Requests about the session; Enotty for all others.
Fallible<u64> control_session(Terminal& terminal, const TerminalEnd& end, u32 request,
                              u64 argument) {
    switch (request) {
        case terminal_requests::acquire:
            RF_TRY(acquire(terminal, end.readable, argument == 1 ? Steal::Yes : Steal::No));
            return u64{0};
        case terminal_requests::give_up:
            if (end.is_master) {
                break;
            }
            RF_TRY(give_up(terminal));
            return u64{0};
        case terminal_requests::get_foreground:
            return is_known_to_caller(terminal, end) ? give(argument, terminal.foreground)
                                                     : Error{Errno::Enotty};
        case terminal_requests::set_foreground:
            return set_foreground_from(terminal, argument);
        case terminal_requests::get_session:
            return is_known_to_caller(terminal, end) && terminal.session != 0
                       ? give(argument, terminal.session)
                       : Error{Errno::Enotty};
        default:
            break;
    }
    return Error{Errno::Enotty};
}

Fallible<u64> set_window(Terminal& terminal, u64 argument) {
    RF_TRY_ASSIGN(size, read_user<WindowSize>(Pointer{argument}));
    terminal.set_window(size);
    return u64{0};
}

/// There is one discipline, N_TTY.
Fallible<u64> set_discipline(const Terminal& terminal, const TerminalEnd& end, u64 argument) {
    if (!end.is_master) {
        RF_TRY(check_foreground(terminal, signals::terminal_output));
    }
    RF_TRY_ASSIGN(wanted, read_user<i32>(Pointer{argument}));
    return wanted == 0 ? Fallible<u64>(u64{0}) : Error{Errno::Einval};
}

/// Requests about the terminal as a device; else those about the session.
Fallible<u64> control_device(Terminal& terminal, const TerminalEnd& end, u32 request,
                             u64 argument) {
    switch (request) {
        case terminal_requests::set_exclusive:
        case terminal_requests::clear_exclusive:
            terminal.exclusive = request == terminal_requests::set_exclusive;
            return u64{0};
        case terminal_requests::get_exclusive:
            return give(argument, u32{terminal.exclusive ? 1U : 0U});
        case terminal_requests::get_discipline:
            return give(argument, u32{0});
        case terminal_requests::set_discipline:
            return set_discipline(terminal, end, argument);
        case terminal_requests::get_device:
            return give(argument, static_cast<u32>(terminal.device().encoded()));
        case terminal_requests::send_break:
        case terminal_requests::send_long_break:
        case terminal_requests::begin_break:
        case terminal_requests::end_break:
            // There is no wire to break.
            if (!end.is_master) {
                RF_TRY(check_foreground(terminal, signals::terminal_output));
            }
            return u64{0};
        case control_requests::bytes_unsent:
            return give(argument, u32{0});
        case terminal_requests::open_peer:
            return Error{Errno::Eio};  // only a master has a peer
        case terminal_requests::hang_up:
            if (!current_process().credentials.may(Capability::SysAdmin)) {
                return Error{Errno::Eperm};
            }
            terminal.hang_up();
            return u64{0};
        default:
            return control_session(terminal, end, request, argument);
    }
}

}  // namespace

Fallible<u64> control_terminal(Terminal& terminal, const TerminalEnd& end, u32 request,
                               u64 argument) {
    using namespace terminal_requests;
    using WithSpeed = TerminalSettingsWithSpeed;
    switch (request) {
        case get_settings:
            return give(argument, terminal.discipline.settings());
        case get_settings_2:
            return give(argument, settings_of(terminal));
        case terminal_requests::set_settings:
        case set_settings_when_sent:
            return kernel::set_settings<TerminalSettings>(terminal, argument, Flush::No);
        case set_settings_and_flush:
            return kernel::set_settings<TerminalSettings>(terminal, argument, Flush::Yes);
        case set_settings_2:
        case set_settings_2_when_sent:
            return kernel::set_settings<WithSpeed>(terminal, argument, Flush::No);
        case set_settings_2_and_flush:
            return kernel::set_settings<WithSpeed>(terminal, argument, Flush::Yes);
        case get_window:
            return give(argument, terminal.window());
        case terminal_requests::set_window:
            return kernel::set_window(terminal, argument);
        case control_requests::bytes_readable:
            return give(argument, static_cast<u32>(terminal.discipline.readable_bytes()));
        case flow:
            return change_flow(terminal, argument);
        case terminal_requests::flush:
            return kernel::flush(terminal, argument);
        case terminal_requests::inject:
            return kernel::inject(terminal, argument);
        default:
            return control_device(terminal, end, request, argument);
    }
}

}  // namespace ringfence::kernel
