// SPDX-License-Identifier: MIT
// The master's end of a pseudo-terminal as a file.
#include "kernel/core/fs/control_requests.h"
#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/terminal/control.h"
#include "kernel/core/terminal/devpts.h"
#include "kernel/core/terminal/job_control.h"
#include "kernel/core/terminal/pseudo_terminal.h"
#include "kernel/core/terminal/terminal_requests.h"
#include "kernel/core/vm/admission.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel {

namespace {

class MasterFile final : public OpenFile {
public:
    MasterFile(Ref<Inode> inode, OpenFlags flags, Ref<PseudoTerminal> terminal)
        : OpenFile(std::move(inode), flags), terminal_(std::move(terminal)) {}
    ~MasterFile() override { terminal_->close_master(); }

    Fallible<u64> read(const IoDestination& to, u64 offset) override;
    Fallible<u64> write(const IoSource& from, u64 offset) override;
    [[nodiscard]] bool seekable() const override { return false; }
    Fallible<u64> control(u32 request, u64 argument) override;
    [[nodiscard]] u32 ready() const override;
    [[nodiscard]] ReadinessQueues queues() override {
        return {.reading = &terminal_->master_read_queue,
                .writing = &terminal_->master_write_queue};
    }
    [[nodiscard]] bool sends_signals() const override { return true; }

private:
    [[nodiscard]] bool has_something() const {
        return terminal_->output_size() > 0 || terminal_->has_packet_status();
    }
    Fallible<u64> read_packet(const IoDestination& to);
    Fallible<u64> open_peer(u32 flags);
    Fallible<u64> flush(u64 which);
    Fallible<u64> send_signal(u64 number);

    Ref<PseudoTerminal> terminal_;
};

Fallible<u64> MasterFile::read(const IoDestination& to, u64) {
    if (to.size() == 0) {
        return u64{0};
    }
    if (!has_something() && !terminal_->abandoned()) {
        if (!may_block()) {
            return ringfence::Error{Errno::Eagain};
        }
        RF_TRY(wait_until(terminal_->master_read_queue,
                          [this] { return has_something() || terminal_->abandoned(); }));
    }
    if (!has_something()) {
        return ringfence::Error{Errno::Eio};
    }
    return terminal_->packet_mode() ? read_packet(to) : terminal_->take_output(to);
}

/// A byte that says what follows: something that happened, or output.
Fallible<u64> MasterFile::read_packet(const IoDestination& to) {
    if (terminal_->has_packet_status()) {
        const u8 status[] = {terminal_->take_packet_status()};
        RF_TRY(to.put(0, status));
        return u64{sizeof(status)};
    }
    constexpr u8 header[] = {packet_bits::data};
    RF_TRY(to.put(0, header));
    if (to.size() == sizeof(header)) {
        return u64{sizeof(header)};
    }
    RF_TRY_ASSIGN(count, terminal_->take_output(to.from(sizeof(header))));
    return count + sizeof(header);
}

Fallible<u64> MasterFile::write(const IoSource& from, u64) {
    u64 done = 0;
    while (done < from.size()) {
        if (!terminal_->has_typing_room()) {
            if (!may_block()) {
                return done > 0 ? Fallible<u64>(done) : ringfence::Error{Errno::Eagain};
            }
            const auto waited = wait_until(terminal_->master_write_queue,
                                           [this] { return terminal_->has_typing_room(); });
            if (!waited) {
                return done > 0 ? Fallible<u64>(done) : ringfence::Error{waited.error()};
            }
        }
        const auto typed = terminal_->type(from.from(done));
        if (!typed) {
            return done > 0 ? Fallible<u64>(done) : ringfence::Error{typed.error()};
        }
        done += typed.value();
    }
    return done;
}

u32 MasterFile::ready() const {
    using namespace poll_bits;
    u32 events = has_something() ? In::mask | ReadNormal::mask : 0;
    events |= terminal_->has_packet_status() ? Priority::mask : 0;
    events |= terminal_->abandoned() ? HangUp::mask : 0;
    events |= terminal_->has_typing_room() ? Out::mask | WriteNormal::mask : 0;
    return events;
}

/// A descriptor for the terminal itself, without the help of its name.
Fallible<u64> MasterFile::open_peer(u32 flags) {
    using namespace open_bits;
    constexpr u32 kept = AccessMode::mask | NonBlocking::mask | NoTerminal::mask;
    const Ref<Inode> node = terminal_->node();
    RF_TRY_ASSIGN(file, node->open(OpenFlags{(flags & kept) | LargeFile::mask}));
    file->set_path(String("/dev/pts/").append_decimal(terminal_->number()));
    Process& self = current_process();
    RF_TRY_ASSIGN(descriptor,
                  self.files->add(file, CloseOnExec::test(flags), self.limit(Resource::OpenFiles)));
    return static_cast<u64>(descriptor);
}

/// What is input for the terminal is output here.
Fallible<u64> MasterFile::flush(u64 which) {
    enum Which : u64 { Input, Output, Both };
    if (which > Both) {
        return ringfence::Error{Errno::Einval};
    }
    if (which != Output) {
        terminal_->drop_output();
    }
    return u64{0};
}

Fallible<u64> MasterFile::send_signal(u64 number) {
    if (number != signals::interrupt && number != signals::quit &&
        number != signals::terminal_stop) {
        return ringfence::Error{Errno::Einval};
    }
    terminal_->signal_foreground(static_cast<u32>(number));
    return u64{0};
}

Fallible<u64> MasterFile::control(u32 request, u64 argument) {
    const VirtualAddress pointer{argument};
    const auto give = [pointer](u32 value) -> Fallible<u64> {
        RF_TRY(write_user(pointer, value));
        return u64{0};
    };
    switch (request) {
        case terminal_requests::get_number:
            return give(terminal_->number());
        case terminal_requests::set_lock: {
            RF_TRY_ASSIGN(wanted, read_user<i32>(pointer));
            terminal_->locked = wanted != 0;
            return u64{0};
        }
        case terminal_requests::get_lock:
            return give(terminal_->locked ? 1 : 0);
        case terminal_requests::set_packet_mode: {
            RF_TRY_ASSIGN(wanted, read_user<i32>(pointer));
            terminal_->set_packet_mode(wanted != 0);
            return u64{0};
        }
        case terminal_requests::get_packet_mode:
            return give(terminal_->packet_mode() ? 1 : 0);
        case terminal_requests::signal:
            return send_signal(argument);
        case terminal_requests::open_peer:
            return open_peer(static_cast<u32>(argument));
        case control_requests::bytes_readable:
            return give(static_cast<u32>(terminal_->output_size()));
        case terminal_requests::flush:
            return flush(argument);
        case terminal_requests::flow:
        case terminal_requests::inject:
        case terminal_requests::hang_up:
            // They would speak of the wire, which has no settings of its own.
            return ringfence::Error{Errno::Enotty};
        default:
            return control_terminal(*terminal_, {.is_master = true, .readable = flags().readable()},
                                    request, argument);
    }
}

}  // namespace

Fallible<Ref<OpenFile>> open_master(Ref<Inode> inode, const OpenFlags& flags) {
    RF_TRY(admit_allocation());
    RF_TRY_ASSIGN(terminal, add_pseudo_terminal());
    return Ref<OpenFile>(new MasterFile(std::move(inode), flags, terminal));
}

}  // namespace ringfence::kernel
