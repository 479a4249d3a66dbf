// SPDX-License-Identifier: MIT
#include "kernel/core/fs/signal_file.h"

#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/deliver.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

/// `struct signalfd_siginfo`. [linux/abi]: include/uapi/linux/signalfd.h
struct SignalRecord {
    u32 number;
    i32 error;
    i32 code;
    u32 sender;
    u32 sender_user;
    i32 descriptor;
    u32 timer;
    u32 band;
    u32 overrun;
    u32 trap;
    i32 status;
    i32 value_as_int;
    u64 value;
    u64 user_ticks;
    u64 system_ticks;
    u64 address;
    u8 padding[48];
};
static_assert(sizeof(SignalRecord) == 128);

SignalRecord record_of(const SignalInformation& information) {
    SignalRecord record{};
    record.number = information.number;
    record.error = information.error;
    record.code = information.code;
    switch (information.kind) {
        case SignalInformation::Kind::Fault:
            record.address = information.value;
            break;
        case SignalInformation::Kind::Child:
            record.sender = information.sender;
            record.sender_user = information.sender_user;
            record.status = information.status;
            record.user_ticks = information.user_ticks;
            record.system_ticks = information.system_ticks;
            break;
        case SignalInformation::Kind::Timer:
            record.timer = information.timer;
            record.overrun = information.overrun;
            record.value = information.value;
            record.value_as_int = static_cast<i32>(information.value);
            break;
        case SignalInformation::Kind::Poll:
            record.band = static_cast<u32>(information.value);
            record.descriptor = information.status;
            break;
        case SignalInformation::Kind::Sender:
        case SignalInformation::Kind::Raw:
            record.sender = information.sender;
            record.sender_user = information.sender_user;
            record.value = information.value;
            record.value_as_int = static_cast<i32>(information.value);
            break;
    }
    return record;
}

/// Whether whoever asks has one of the signals. The timer's tick asks too, on behalf of the epoll
/// files that watch one, while the idle thread runs: nobody's, which has none.
bool has_pending(SignalSet wanted) {
    const Thread& thread = current_thread();
    if (thread.is_idle()) {
        return false;
    }
    return !((thread.pending.set() | thread.process().pending.set()) & wanted).empty();
}

}  // namespace

void SignalFile::accept(SignalSet signals) {
    accepted_ = signals;
    current_process().signal_arrived.wake_all();
}

Fallible<u64> SignalFile::read(const IoDestination& to, u64) {
    if (to.size() < sizeof(SignalRecord)) {
        return Error{Errno::Einval};
    }
    if (!may_block() && !has_pending(accepted_)) {
        return Error{Errno::Eagain};
    }
    RF_TRY(wait_until(current_process().signal_arrived, [this] { return has_pending(accepted_); }));
    u64 done = 0;
    while (done + sizeof(SignalRecord) <= to.size()) {
        const auto taken = take_signal(current_thread(), accepted_);
        if (!taken) {
            break;
        }
        const SignalRecord record = record_of(*taken);
        const auto put = to.put(done, {reinterpret_cast<const u8*>(&record), sizeof(record)});
        if (!put) {
            return done > 0 ? Fallible<u64>(done) : Error{put.error()};
        }
        done += sizeof(record);
    }
    return done;
}

u32 SignalFile::ready() const {
    return has_pending(accepted_) ? poll_bits::In::mask | poll_bits::ReadNormal::mask : 0;
}

ReadinessQueues SignalFile::queues() {
    return {.reading = &current_process().signal_arrived};
}

Fallible<Ref<OpenFile>> make_signal_file(OpenFlags flags, SignalSet accepted) {
    RF_TRY(admit_allocation());
    return Ref<OpenFile>(new SignalFile(flags, accepted));
}

void SignalFile::describe(String& text) const {
    constexpr usize width = 16;
    text.append("sigmask:\t").append_hex(accepted_.bits(), width).append('\n');
}

}  // namespace ringfence::kernel
