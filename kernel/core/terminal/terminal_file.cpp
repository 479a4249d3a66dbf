// SPDX-License-Identifier: MIT
#include "kernel/core/terminal/terminal_file.h"

#include <algorithm>

#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/terminal/control.h"
#include "kernel/core/terminal/job_control.h"
#include "kernel/core/terminal/terminal_requests.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

TerminalFile::TerminalFile(Ref<Inode> inode, OpenFlags flags, Ref<Terminal> terminal)
    : OpenFile(std::move(inode), flags),
      terminal_(std::move(terminal)),
      hang_ups_(terminal_->hang_ups()) {
    terminal_->file_opened();
}

TerminalFile::~TerminalFile() {
    terminal_->file_closed();
}

TerminalFile::ReadLimits TerminalFile::read_limits() const {
    constexpr u64 tenth = nanoseconds_per_second / 10;
    const TerminalSettings& settings = terminal_->discipline.settings();
    if (settings.canonical()) {
        return {.least = 0, .first_deadline = never, .between = 0};
    }
    const u64 least = settings.character(ControlCharacter::Minimum);
    const u64 time = settings.character(ControlCharacter::Time) * tenth;
    if (least > 0) {
        return {.least = least, .first_deadline = never, .between = time};
    }
    return {.least = 1,
            .first_deadline = time > 0 ? deadline_after(monotonic_now(), time) : 0,
            .between = 0};
}

/// False if there is none by then, or if the terminal is hung up.
Fallible<bool> TerminalFile::wait_for_input(u64 deadline) {
    if (hung_up() || deadline == 0) {
        return false;
    }
    if (!may_block()) {
        return ringfence::Error{Errno::Eagain};
    }
    const auto waited = wait_until(
        terminal_->read_queue, [this] { return hung_up() || terminal_->discipline.readable(); },
        deadline);
    if (!waited && waited.error() != Errno::Etimedout) {
        return ringfence::Error{waited.error()};
    }
    return terminal_->discipline.readable() && !hung_up();
}

Fallible<u64> TerminalFile::read(const IoDestination& to, u64) {
    if (hung_up()) {
        return u64{0};
    }
    RF_TRY(check_foreground(*terminal_, signals::terminal_input));
    LineDiscipline& discipline = terminal_->discipline;
    const ReadLimits limits = read_limits();
    u64 deadline = limits.first_deadline;
    u64 done = 0;
    while (done < to.size()) {
        if (!discipline.readable()) {
            const auto found = wait_for_input(deadline);
            if (!found && done == 0) {
                return ringfence::Error{found.error()};
            }
            if (!found || !found.value()) {
                break;
            }
        }
        const bool a_line = discipline.settings().reads_lines();
        const auto taken = discipline.read(to.from(done));
        if (!taken) {
            return done > 0 ? Fallible<u64>(done) : ringfence::Error{taken.error()};
        }
        done += taken.value();
        terminal_->input_taken();
        if (a_line || done >= limits.least) {
            break;
        }
        deadline = limits.between > 0 ? deadline_after(monotonic_now(), limits.between) : never;
    }
    return done;
}

Fallible<void> TerminalFile::wait_for_room() {
    if (!may_block()) {
        return ringfence::Error{Errno::Eagain};
    }
    return wait_until(terminal_->write_queue, [this] {
        return hung_up() || !terminal_->connected() || terminal_->discipline.has_room();
    });
}

Fallible<u64> TerminalFile::write(const IoSource& from, u64) {
    if (hung_up()) {
        return ringfence::Error{Errno::Eio};
    }
    if (local_modes::StopBackgroundOutput::test(terminal_->discipline.settings().local)) {
        RF_TRY(check_foreground(*terminal_, signals::terminal_output));
    }
    const auto ended = [](u64 done, Errno reason) {
        return done > 0 ? Fallible<u64>(done) : ringfence::Error{reason};
    };
    RF_TRY(terminal_->prepare_output());
    u64 done = 0;
    while (done < from.size()) {
        if (hung_up() || !terminal_->connected()) {
            return ended(done, Errno::Eio);
        }
        u8 bytes[1024];
        const u64 piece = std::min<u64>(sizeof(bytes), from.size() - done);
        if (const auto copied = from.get(done, {bytes, piece}); !copied) {
            return ended(done, copied.error());
        }
        const u64 written = terminal_->discipline.write({bytes, piece});
        done += written;
        if (written < piece) {
            if (const auto waited = wait_for_room(); !waited) {
                return ended(done, waited.error());
            }
        }
    }
    return done;
}

u32 TerminalFile::ready() const {
    using namespace poll_bits;
    constexpr u32 reading = In::mask | ReadNormal::mask;
    constexpr u32 writing = Out::mask | WriteNormal::mask;
    if (hung_up()) {
        return reading | writing | poll_bits::Error::mask | HangUp::mask;
    }
    const TerminalSettings& settings = terminal_->discipline.settings();
    const bool many = settings.character(ControlCharacter::Time) == 0;
    const u64 least = std::max<u64>(many ? settings.character(ControlCharacter::Minimum) : 1, 1);
    return (terminal_->discipline.readable(least) ? reading : 0) |
           (terminal_->discipline.has_room() ? writing : 0);
}

Fallible<u64> TerminalFile::control(u32 request, u64 argument) {
    if (hung_up()) {
        return ringfence::Error{request == terminal_requests::set_foreground ? Errno::Enotty
                                                                             : Errno::Eio};
    }
    return control_terminal(*terminal_, {.is_master = false, .readable = flags().readable()},
                            request, argument);
}

Fallible<Ref<OpenFile>> open_terminal(Ref<Inode> inode, const OpenFlags& flags,
                                      const Ref<Terminal>& terminal) {
    RF_TRY(admit_allocation());
    if (terminal->exclusive && !current_process().credentials.may(Capability::SysAdmin)) {
        return ringfence::Error{Errno::Ebusy};
    }
    RF_TRY(terminal->check_open());
    Ref<OpenFile> file(new TerminalFile(std::move(inode), flags, terminal));
    if (!flags.no_terminal() && flags.readable()) {
        acquire_if_free(*terminal);
    }
    return file;
}

Fallible<Ref<OpenFile>> open_own_terminal(Ref<Inode> inode, const OpenFlags& flags) {
    const Ref<Terminal> terminal = current_process().terminal;
    if (!terminal) {
        return ringfence::Error{Errno::Enxio};
    }
    return open_terminal(std::move(inode), flags, terminal);
}

}  // namespace ringfence::kernel
