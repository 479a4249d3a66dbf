// SPDX-License-Identifier: MIT
// ptrace(2): its requests, in Linux's order of checks, and how tracees go on.
#include "kernel/core/syscall/ptrace.h"

#include "kernel/core/process/process_table.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/tracing/tracing.h"

namespace ringfence::kernel::syscalls {

namespace {

Fallible<void> check_signal(u64 number) {
    if (number > signal_count) {
        return Error{Errno::Eio};
    }
    return {};
}

/// The caller's tracee called `id`, which is stopped unless `request` may come at any time.
Fallible<Ref<Tracee>> tracee_called(Thread& thread, TraceRequest request) {
    const Ref<Tracee>& tracee = thread.tracee;
    if (!tracee || tracee->tracer != &current_thread()) {
        return Error{Errno::Esrch};
    }
    const bool at_any_time = request == TraceRequest::Kill || request == TraceRequest::Interrupt;
    if (!at_any_time && (!tracee->is_stopped() || tracee->listening)) {
        return Error{Errno::Esrch};
    }
    return tracee;
}

Nothing resume(Tracee& tracee, u64 signal, Resumption how) {
    RF_TRY(check_signal(signal));
    resume_tracee(tracee, static_cast<u32>(signal), how);
    return {};
}

Nothing detach(Tracee& tracee, u64 signal) {
    RF_TRY(check_signal(signal));
    tracee.code = static_cast<u32>(signal);
    release_tracee(tracee);
    return {};
}

Nothing set_options(Tracee& tracee, u64 options) {
    if ((options & ~u64{trace_options::known}) != 0) {
        return Error{Errno::Einval};
    }
    tracee.options = static_cast<u32>(options);
    return {};
}

Nothing interrupt(Tracee& tracee) {
    if (!tracee.seized) {
        return Error{Errno::Eio};
    }
    request_trap_stop(*tracee.thread);
    return {};
}

/// Only from a stop of its process: it stays stopped, but hears of SIGCONT.
Nothing listen(Tracee& tracee) {
    const bool in_group_stop =
        tracee.information &&
        StopEvent::get(static_cast<u32>(tracee.information->code)) == trace_event_stop;
    if (!tracee.seized || !in_group_stop) {
        return Error{Errno::Eio};
    }
    tracee.listening = true;
    Thread& thread = *tracee.thread;
    if (thread_work::TrapNotify::test(thread.work)) {
        notify_of_resume(thread);
    }
    return {};
}

/// Reads and writes of words: of memory with the tracer's reach.
Nothing peek(const Tracee& tracee, u64 address, Pointer to) {
    u64 word = 0;
    u8* const bytes = reinterpret_cast<u8*>(&word);
    MemorySpace& memory = *tracee.process->memory;
    if (memory.read_from_outside(Pointer{address}, {bytes, sizeof(word)}, Reach::Tracer) !=
        sizeof(word)) {
        return Error{Errno::Eio};
    }
    return write_user(to, word);
}

Nothing poke(const Tracee& tracee, u64 address, u64 word) {
    const u8* const bytes = reinterpret_cast<const u8*>(&word);
    MemorySpace& memory = *tracee.process->memory;
    if (memory.write_from_outside(Pointer{address}, {bytes, sizeof(word)}, Reach::Tracer) !=
        sizeof(word)) {
        return Error{Errno::Eio};
    }
    return {};
}

Value done(const Nothing& result) {
    return result ? Value(u64{0}) : Error{result.error()};
}

Fallible<Thread*> thread_called(i32 id) {
    Thread* const thread = id > 0 ? processes().find_thread(static_cast<u32>(id)) : nullptr;
    if (thread == nullptr) {
        return Error{Errno::Esrch};
    }
    return thread;
}

Nothing seize_thread(Thread& thread, u64 address, u64 options) {
    if (address != 0 || (options & ~u64{trace_options::known}) != 0) {
        return Error{Errno::Eio};
    }
    return seize(thread, static_cast<u32>(options));
}

Value trace(Tracee& tracee, TraceRequest request, u64 address, u64 data) {
    switch (request) {
        case TraceRequest::PeekText:
        case TraceRequest::PeekData:
            return done(peek(tracee, address, Pointer{data}));
        case TraceRequest::PokeText:
        case TraceRequest::PokeData:
            return done(poke(tracee, address, data));
        case TraceRequest::Continue:
            return done(resume(tracee, data, Resumption::Run));
        case TraceRequest::ToCall:
            return done(resume(tracee, data, Resumption::ToCall));
        case TraceRequest::SingleStep:
            return done(resume(tracee, data, Resumption::Step));
        case TraceRequest::EmulateCall:
            return done(resume(tracee, data, Resumption::EmulateCall));
        case TraceRequest::EmulateCallAndStep:
            return done(resume(tracee, data, Resumption::EmulateCallAndStep));
        case TraceRequest::Kill:
            send_signal(*tracee.thread, {.number = signals::kill});
            return u64{0};
        case TraceRequest::Detach:
            return done(detach(tracee, data));
        case TraceRequest::OldSetOptions:
        case TraceRequest::SetOptions:
            return done(set_options(tracee, data));
        case TraceRequest::Interrupt:
            return done(interrupt(tracee));
        case TraceRequest::Listen:
            return done(listen(tracee));
        case TraceRequest::GetCallInformation:
            return call_information(tracee, address, Pointer{data});
        case TraceRequest::GetEventMessage:
        case TraceRequest::GetSignalInformation:
        case TraceRequest::SetSignalInformation:
        case TraceRequest::PeekSignalInformation:
        case TraceRequest::GetSignalMask:
        case TraceRequest::SetSignalMask:
            return trace_signals(tracee, request, address, Pointer{data});
        default:
            return trace_registers(tracee, request, address, Pointer{data});
    }
}

}  // namespace

Value ptrace(u64 request, i32 id, u64 address, u64 data) {
    const auto wanted = static_cast<TraceRequest>(request);
    if (wanted == TraceRequest::TraceMe) {
        return done(trace_me());
    }
    RF_TRY_ASSIGN(thread, thread_called(id));
    if (wanted == TraceRequest::Attach) {
        return done(attach(*thread));
    }
    if (wanted == TraceRequest::Seize) {
        return done(seize_thread(*thread, address, data));
    }
    RF_TRY_ASSIGN(tracee, tracee_called(*thread, wanted));
    return trace(*tracee, wanted, address, data);
}

}  // namespace ringfence::kernel::syscalls
