// SPDX-License-Identifier: MIT
#include "kernel/core/fs/file_signals.h"

#include <optional>

#include "kernel/core/fs/open_file.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/signal/send.h"

namespace ringfence::kernel {

namespace {

/// POLL_IN and its kin: si_code, and the events that si_band has for it. [linux/abi]: fs/fcntl.c,
/// band_table
struct Reason {
    i32 code;
    u32 band;
};
constexpr Reason input{1, poll_bits::In::mask | poll_bits::ReadNormal::mask};
constexpr Reason output{
    2, poll_bits::Out::mask | poll_bits::WriteNormal::mask | poll_bits::WriteBand::mask};
constexpr Reason error{4, poll_bits::Error::mask};
constexpr Reason hang_up{6, poll_bits::HangUp::mask | poll_bits::Error::mask};

std::optional<Reason> reason_to_read(const OpenFile& file) {
    const u32 now = file.ready();
    if (poll_bits::Error::test(now)) {
        return error;
    }
    if (poll_bits::HangUp::test(now) && file.inode().type() == FileType::Socket) {
        return hang_up;
    }
    const bool holds = (now & (poll_bits::In::mask | poll_bits::HangUp::mask)) != 0;
    return holds ? std::optional(input) : std::nullopt;
}
std::optional<Reason> reason_to_write(const OpenFile& file) {
    return poll_bits::Out::test(file.ready()) ? std::optional(output) : std::nullopt;
}

/// The kernel gives these signals codes of their own. [linux/abi]: include/linux/signal.h,
/// SIG_SPECIFIC_SICODES_MASK
bool has_own_codes(u32 signal) {
    using namespace signals;
    for (const u32 each : {illegal, floating_point, segment, bus, trap, child, bad_system_call}) {
        if (signal == each) {
            return true;
        }
    }
    return false;
}

SignalInformation information(u32 signal, const Reason& reason, i32 descriptor) {
    return {.number = signal,
            .code = has_own_codes(signal) ? signal_codes::io : reason.code,
            .kind = SignalInformation::Kind::Poll,
            .status = descriptor,
            .value = reason.band};
}

/// Whether who chose `owner` may have `target` signalled.
bool allowed(const FileOwner& owner, const Process& target) {
    const UserIds& chooser = owner.chosen_by;
    const UserIds& theirs = target.credentials.user;
    return chooser.effective == 0 || chooser.effective == theirs.saved ||
           chooser.effective == theirs.real || chooser.real == theirs.saved ||
           chooser.real == theirs.real;
}

/// `Target`: a process or a thread of `process`.
template <typename Target>
void tell(Target& target, Process& process, const FileSignals& signals, const Reason& reason,
          i32 descriptor) {
    if (!allowed(signals.owner, process)) {
        return;
    }
    if (signals.signal != 0) {
        const bool sent = send_signal(target, information(signals.signal, reason, descriptor));
        const bool queue_full = !sent && signals.signal >= first_realtime_signal &&
                                !process.handlers->ignores(signals.signal);
        if (!queue_full) {
            return;
        }
    }
    send_signal(target, {.number = signals::io, .code = signal_codes::kernel});
}

void tell_owner(const FileSignals& signals, const Reason& reason, i32 descriptor) {
    const FileOwner& owner = signals.owner;
    switch (owner.kind) {
        case FileOwner::Kind::Thread:
            if (Thread* const thread = processes().find_thread(owner.id); thread != nullptr) {
                tell(*thread, thread->process(), signals, reason, descriptor);
            }
            return;
        case FileOwner::Kind::Process:
            if (Process* const process = processes().find(owner.id); process != nullptr) {
                tell(*process, *process, signals, reason, descriptor);
            }
            return;
        case FileOwner::Kind::Group:
            for (const Ref<Process>& process : processes().all()) {
                if (process->group == owner.id) {
                    tell(*process, *process, signals, reason, descriptor);
                }
            }
            return;
    }
}

}  // namespace

void FileSignals::start(i32 descriptor) {
    stop();
    descriptor_ = descriptor;
    const ReadinessQueues queues = file_.queues();
    if (queues.reading != nullptr && file_.flags().readable()) {
        queues.reading->add(reading_);
    }
    if (queues.writing != nullptr && file_.flags().writable()) {
        queues.writing->add(writing_);
    }
}

void FileSignals::stop() {
    reading_.hook.unlink();
    writing_.hook.unlink();
}

void FileSignals::hear(Direction direction) {
    if (owner.id == 0) {
        return;
    }
    const std::optional<Reason> reason =
        direction == Direction::Reading ? reason_to_read(file_) : reason_to_write(file_);
    if (reason) {
        tell_owner(*this, *reason, descriptor_);
    }
}

}  // namespace ringfence::kernel
