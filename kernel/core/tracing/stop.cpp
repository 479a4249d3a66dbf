// SPDX-License-Identifier: MIT
#include "kernel/core/tracing/stop.h"

#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/syscall/traced_calls.h"
#include "kernel/core/tracing/tracing.h"
#include "kernel_arch/traced_thread.h"

namespace ringfence::kernel {

namespace {

using SignalNumber = Bitfield<0, 7, u32>;

/// Why a stop is reported, by which wait and SIGCHLD name it.
enum class Why : u8 { Trap, GroupStop };
enum class Unless : u8 { Killed, Never };

struct Stop {
    u32 code;
    Why why = Why::Trap;
    u64 message = 0;
    std::optional<SignalInformation> information{};
    Unless unless = Unless::Killed;
    bool delivers = false;
};

/// What its tracer made of a stop.
struct Answer {
    u32 signal = 0;
    std::optional<SignalInformation> information{};
};

/// What a stop that no signal caused says of itself.
SignalInformation own_information(u32 code) {
    return {.number = static_cast<u32>(SignalNumber::get(code)),
            .code = static_cast<i32>(code),
            .sender = current_thread().id(),
            .sender_user = current_process().credentials.user.real};
}

void tell_tracer(const Tracee& tracee) {
    Process& tracer = tracee.tracer->process();
    if (!action_bits::NoChildStop::test(tracer.handlers->action(signals::child).flags)) {
        send_signal(tracer, {.number = signals::child,
                             .code = tracee.reason,
                             .kind = SignalInformation::Kind::Child,
                             .sender = tracee.id,
                             .sender_user = tracee.process->credentials.user.real,
                             .status = static_cast<i32>(SignalNumber::get(tracee.code))});
    }
    tracer.child_changed.wake_all();
}

/// Without a tracer nothing happens.
Answer stop(const Stop& wanted) {
    Thread& self = current_thread();
    const Ref<Tracee> tracee = self.tracee;
    if (!tracee || (self.exiting() && wanted.unless == Unless::Killed)) {
        return {};
    }
    self.work &= static_cast<u8>(~thread_work::TrapStop::mask);
    if (StopEvent::get(wanted.code) == trace_event_stop) {
        self.work &= static_cast<u8>(~thread_work::TrapNotify::mask);
    }
    tracee->code = wanted.code;
    tracee->reason =
        wanted.why == Why::Trap ? signal_codes::child_trapped : signal_codes::child_stopped;
    tracee->message = wanted.message;
    tracee->information = wanted.information;
    tracee->delivers = wanted.delivers;
    tracee->unreported = true;
    tell_tracer(*tracee);
    stop_current(Thread::State::Traced);
    tracee->listening = false;
    tracee->unreported = false;
    return {std::exchange(tracee->code, 0), std::exchange(tracee->information, std::nullopt)};
}

/// A signal that a tracer sends by its answer to a stop at a system call.
void send_answer(u32 number) {
    if (number != 0) {
        send_signal(current_thread(), {.number = number, .code = signal_codes::kernel});
    }
}

void stop_at_call(CallMessage which) {
    const Ref<Tracee>& tracee = current_thread().tracee;
    const u32 mark = trace_options::MarkCalls::test(tracee->options) ? CallMark::mask : 0;
    const u32 code = signals::trap | mark;
    send_answer(stop({.code = code,
                      .message = static_cast<u64>(which),
                      .information = own_information(code)})
                    .signal);
}

/// The stop of the whole process, of PTRACE_INTERRUPT, or for SIGCONT.
void stop_with_group() {
    const Tracee& tracee = *current_thread().tracee;
    const Process& process = current_process();
    const bool group = process.state == Process::State::Stopped;
    const u32 signal = group ? process.stop_signal : signals::trap;
    if (tracee.seized) {
        const u32 code = signal | StopEvent::make(trace_event_stop);
        stop({.code = code, .why = Why::GroupStop, .information = own_information(code)});
    } else if (group) {
        stop({.code = signal, .why = Why::GroupStop});
    } else {
        current_thread().work &= static_cast<u8>(~thread_work::TrapStop::mask);
    }
}

void report_end_of_call(const arch::TrapFrame& frame) {
    Thread& self = current_thread();
    if (!std::exchange(self.tracee->in_call, false)) {
        return;
    }
    if (thread_work::Step::test(self.work)) {
        force_signal({.number = signals::trap,
                      .code = signal_codes::trap_breakpoint,
                      .kind = SignalInformation::Kind::Fault,
                      .value = frame.instruction_pointer().value()});
    } else if (thread_work::TraceCalls::test(self.work)) {
        stop_at_call(CallMessage::Exit);
    }
}

void begin_step(Thread& thread) {
    constexpr usize longest_instruction = 15;
    u8 code[longest_instruction];
    const VirtualAddress at = arch::user_frame(thread.registers).instruction_pointer();
    const u64 found = thread.process().memory->read_from_outside(at, code, Reach::AsProgram);
    arch::set_single_step(thread.registers, {code, found});
}

/// Its work has changed: it sees to that soon, but not while its tracer holds it.
void alert_traced(Thread& thread) {
    if (thread.tracee->is_stopped() && thread.tracee->listening) {
        make_ready(thread);
    } else if (thread.state == Thread::State::Sleeping && thread.interruptible) {
        wake(thread, WakeReason::Interrupted);
    }
}

}  // namespace

void resume_tracee(Tracee& tracee, u32 signal, Resumption how) {
    Thread& thread = *tracee.thread;
    u8 work = 0;
    if (how == Resumption::ToCall) {
        work = thread_work::TraceCalls::mask;
    } else if (how == Resumption::EmulateCall || how == Resumption::EmulateCallAndStep) {
        work = thread_work::EmulateCalls::mask;
    }
    const bool steps = how == Resumption::Step || how == Resumption::EmulateCallAndStep;
    work |= steps ? thread_work::Step::mask : u8{0};
    thread.work = static_cast<u8>((thread.work & ~thread_work::resumption) | work);
    if (steps) {
        begin_step(thread);
    } else {
        arch::clear_single_step(thread.registers);
    }
    if (how != Resumption::ToCall && !steps) {
        tracee.in_call = false;
    }
    tracee.code = signal;
    make_ready(thread);
}

void request_trap_stop(Thread& thread) {
    thread.work |= thread_work::TrapStop::mask;
    alert_traced(thread);
}

void notify_of_resume(Thread& thread) {
    thread.work |= thread_work::TrapNotify::mask;
    alert_traced(thread);
}

std::optional<SignalInformation> stop_for_signal(const SignalInformation& information) {
    Thread& self = current_thread();
    const Ref<Process> tracer(&self.tracee->tracer->process());
    const Answer answer =
        stop({.code = information.number, .information = information, .delivers = true});
    if (answer.signal == 0) {
        return std::nullopt;
    }
    SignalInformation delivered = answer.information.value_or(information);
    if (answer.signal != delivered.number) {
        delivered = {.number = answer.signal,
                     .code = signal_codes::user,
                     .sender = tracer->id(),
                     .sender_user = tracer->credentials.user.real};
    }
    if (self.blocked.contains(answer.signal)) {
        self.pending.add(delivered);
        return std::nullopt;
    }
    return delivered;
}

void stop_for_event(TraceEvent event, u64 message) {
    const Ref<Tracee>& tracee = current_thread().tracee;
    if (!tracee) {
        return;
    }
    if (tracee->wants(event)) {
        tracee->in_call = event != TraceEvent::Exit;
        const u32 code = signals::trap | StopEvent::make(static_cast<u32>(event));
        stop({.code = code,
              .message = message,
              .information = own_information(code),
              .unless = event == TraceEvent::Exit ? Unless::Never : Unless::Killed});
    } else if (event == TraceEvent::Exec && !tracee->seized) {
        send_signal(current_thread(), {.number = signals::trap,
                                       .code = signal_codes::user,
                                       .sender = current_process().id()});
    }
}

void stop_at_handler() {
    stop({.code = signals::trap, .information = own_information(signals::trap)});
}

bool stop_before_call(arch::TrapFrame& frame) {
    const Thread& self = current_thread();
    const bool emulates = thread_work::EmulateCalls::test(self.work);
    self.tracee->in_call = !emulates;
    if (!emulates && !thread_work::TraceCalls::test(self.work)) {
        return true;  // stepped: only the end is of interest
    }
    frame.set_result(u64{0} - static_cast<u64>(Errno::Enosys));
    stop_at_call(CallMessage::Entry);
    constexpr i32 no_call = -1;
    return !self.exiting() && !emulates && static_cast<i32>(frame.syscall_number()) != no_call;
}

void do_thread_work(arch::TrapFrame& frame) {
    using namespace thread_work;
    Thread& self = current_thread();
    if (self.tracee) {
        report_end_of_call(frame);
    }
    while (self.tracee && !self.exiting() &&
           (TrapStop::test(self.work) || TrapNotify::test(self.work))) {
        stop_with_group();
    }
    if (!self.exiting() && (self.work & resumption) != 0) {
        trace_next_call();
    }
    if (Breakpoints::test(self.work)) {
        arch::arm_breakpoints(self.registers);
        note_breakpoints_loaded();
    }
}

}  // namespace ringfence::kernel
