// SPDX-License-Identifier: MIT
// ptrace(2): a tracee's signals, and what its stop says of itself.
#include <algorithm>

#include "kernel/core/syscall/ptrace.h"
#include "kernel/core/syscall/queued_signals.h"
#include "kernel/core/syscall/support.h"
#include "kernel_arch/traced_thread.h"

namespace ringfence::kernel::syscalls {

namespace {

Nothing get_information(const Tracee& tracee, Pointer to) {
    if (!tracee.information) {
        return Error{Errno::Einval};
    }
    return write_user(to, to_image(*tracee.information));
}

Nothing set_information(Tracee& tracee, Pointer from) {
    RF_TRY_ASSIGN(image, read_signal_information(from));
    if (!tracee.information) {
        return Error{Errno::Einval};
    }
    tracee.information = from_image(image);
    return {};
}

/// `struct ptrace_peeksiginfo_args`
struct PeekArguments {
    u64 offset;
    u32 flags;
    i32 count;
};
using SharedQueue = Flag<0, u32>;  ///< PTRACE_PEEKSIGINFO_SHARED: the process's

Value peek_information(const Tracee& tracee, Pointer arguments, Pointer to) {
    RF_TRY_ASSIGN(wanted, read_user<PeekArguments>(arguments));
    if ((wanted.flags & ~SharedQueue::mask) != 0 || wanted.count < 0) {
        return Error{Errno::Einval};
    }
    const PendingSignals& queue =
        SharedQueue::test(wanted.flags) ? tracee.process->pending : tracee.thread->pending;
    u64 copied = 0;
    while (copied < static_cast<u64>(wanted.count)) {
        const auto signal = queue.peek(wanted.offset + copied);
        if (!signal) {
            break;
        }
        const auto image = to_image(*signal);
        if (const auto written = write_user(to + copied * sizeof(image), image); !written) {
            return copied > 0 ? Value(copied) : Error{written.error()};
        }
        ++copied;
    }
    return copied;
}

/// What the thread blocks when it is not within a call that blocks something else.
SignalSet& mask_of(const Tracee& tracee) {
    Thread& thread = *tracee.thread;
    return thread.blocked_before_call ? *thread.blocked_before_call : thread.blocked;
}

Fallible<void> check_mask_size(u64 size) {
    if (size != sizeof(u64)) {
        return Error{Errno::Einval};
    }
    return {};
}

Nothing get_mask(const Tracee& tracee, u64 size, Pointer to) {
    RF_TRY(check_mask_size(size));
    return write_user(to, mask_of(tracee).bits());
}

/// As Linux, of the mask that holds now.
Nothing set_mask(const Tracee& tracee, u64 size, Pointer from) {
    RF_TRY(check_mask_size(size));
    RF_TRY_ASSIGN(bits, read_user<u64>(from));
    tracee.thread->blocked = SignalSet(bits).without(unblockable_signals);
    return {};
}

Nothing dispatch(Tracee& tracee, TraceRequest request, u64 address, Pointer data) {
    switch (request) {
        case TraceRequest::GetEventMessage:
            return write_user(data, tracee.message);
        case TraceRequest::GetSignalInformation:
            return get_information(tracee, data);
        case TraceRequest::SetSignalInformation:
            return set_information(tracee, data);
        case TraceRequest::GetSignalMask:
            return get_mask(tracee, address, data);
        case TraceRequest::SetSignalMask:
            return set_mask(tracee, address, data);
        default:
            return Error{Errno::Eio};
    }
}

/// `struct ptrace_syscall_info`
struct CallInformation {
    enum class Kind : u8 { None = 0, Entry = 1, Exit = 2 };
    Kind kind;
    u8 padding[3];
    u32 architecture;
    u64 instruction_pointer;
    u64 stack_pointer;
    union {
        struct {
            u64 number;
            u64 arguments[6];
        } entry;
        struct {
            i64 result;
            u8 is_error;
        } exit;
    } of;
};
static_assert(offsetof(CallInformation, of) == 24 && sizeof(CallInformation) == 80);

CallInformation::Kind kind_of(const Tracee& tracee) {
    const i32 call_stop = static_cast<i32>(signals::trap | CallMark::mask);
    if (!tracee.information || tracee.information->code != call_stop) {
        return CallInformation::Kind::None;
    }
    return static_cast<CallMessage>(tracee.message) == CallMessage::Entry
               ? CallInformation::Kind::Entry
               : CallInformation::Kind::Exit;
}

bool is_error(i64 result) {
    constexpr i64 most_errno = 4095;
    return result < 0 && result >= -most_errno;
}

}  // namespace

Value trace_signals(Tracee& tracee, TraceRequest request, u64 address, Pointer data) {
    if (request == TraceRequest::PeekSignalInformation) {
        return peek_information(tracee, Pointer{address}, data);
    }
    RF_TRY(dispatch(tracee, request, address, data));
    return u64{0};
}

Value call_information(const Tracee& tracee, u64 size, Pointer to) {
    using Kind = CallInformation::Kind;
    const arch::TrapFrame& frame = arch::user_frame(tracee.thread->registers);
    CallInformation found{};
    found.kind = kind_of(tracee);
    found.architecture = arch::audit_architecture;
    found.instruction_pointer = frame.instruction_pointer().value();
    found.stack_pointer = frame.stack_pointer().value();
    u64 bytes = offsetof(CallInformation, of);
    if (found.kind == Kind::Entry) {
        found.of.entry.number = frame.traced_syscall();
        for (unsigned i = 0; i < std::size(found.of.entry.arguments); ++i) {
            found.of.entry.arguments[i] = frame.syscall_argument(i);
        }
        bytes += sizeof(found.of.entry);
    } else if (found.kind == Kind::Exit) {
        found.of.exit.result = static_cast<i64>(frame.result());
        found.of.exit.is_error = is_error(found.of.exit.result) ? 1 : 0;
        bytes += offsetof(CallInformation, of.exit.is_error) - offsetof(CallInformation, of) + 1;
    }
    RF_TRY(write_user_bytes(to, {reinterpret_cast<const u8*>(&found), std::min(size, bytes)}));
    return bytes;
}

}  // namespace ringfence::kernel::syscalls
