// SPDX-License-Identifier: MIT
#include "kernel/core/signal/send.h"

#include "kernel/core/process/process_table.h"
#include "kernel/core/scheduler/cpu_accounting.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/tracing/stop.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

/// Makes a thread look at its signals soon.
void alert(Thread& thread) {
    if (thread.state == Thread::State::Sleeping && (thread.interruptible || thread.exiting())) {
        wake(thread, WakeReason::Interrupted);
    }
}

void resume(Process& process) {
    for (Thread& thread : process.threads) {
        if (thread.state == Thread::State::Stopped) {
            make_ready(thread);
        } else if (thread.tracee && thread.tracee->seized) {
            notify_of_resume(thread);
        }
    }
    if (process.state == Process::State::Stopped) {
        process.state = Process::State::Alive;
        process.stop_unreported = false;
        process.resume_unreported = true;
        notify_parent(process, signal_codes::child_continued, signals::resume);
    }
}

void discard_everywhere(Process& process, SignalSet unwanted) {
    process.pending.discard(unwanted);
    for (Thread& thread : process.threads) {
        thread.pending.discard(unwanted);
    }
}

/// What a signal does by being sent, whether or not it is then delivered.
void act_on_sending(Process& process, u32 number) {
    if (stop_signals.contains(number)) {
        discard_everywhere(process, SignalSet::of(signals::resume));
    } else if (number == signals::resume) {
        discard_everywhere(process, stop_signals);
        resume(process);
    }
}

bool unwanted(Process& process, const Thread& thread, u32 number) {
    return process.handlers->ignores(number) && !thread.blocked.contains(number) && !thread.tracee;
}

/// Real-time signals queue up: while memory is short there are no more of them.
bool may_queue(u32 number) {
    return number < first_realtime_signal || memory_available();
}

Thread* taker_of(Process& process, u32 number) {
    Thread* sleeping_taker = nullptr;
    for (Thread& thread : process.threads) {
        if (thread.blocked.contains(number)) {
            continue;
        }
        if (thread.state != Thread::State::Sleeping || thread.interruptible) {
            return &thread;
        }
        sleeping_taker = &thread;
    }
    return sleeping_taker;
}

}  // namespace

bool send_signal(Process& process, const SignalInformation& information) {
    const u32 number = information.number;
    if (process.is_zombie() || process.threads.empty()) {
        return false;
    }
    act_on_sending(process, number);
    if (number == signals::kill) {
        begin_group_exit(process, {.signal = signals::kill});
        return true;
    }
    if (unwanted(process, *process.first_thread(), number) || !may_queue(number) ||
        !process.pending.add(information)) {
        return false;
    }
    process.signal_arrived.wake_all();
    if (Thread* taker = taker_of(process, number); taker != nullptr) {
        alert(*taker);
    }
    return true;
}

bool send_signal(Thread& thread, const SignalInformation& information) {
    const u32 number = information.number;
    act_on_sending(thread.process(), number);
    if (number == signals::kill) {
        begin_group_exit(thread.process(), {.signal = signals::kill});
        return true;
    }
    if (unwanted(thread.process(), thread, number) || !may_queue(number) ||
        !thread.pending.add(information)) {
        return false;
    }
    thread.process().signal_arrived.wake_all();
    if (!thread.blocked.contains(number)) {
        alert(thread);
    }
    return true;
}

void send_signal_to_current(u32 number) {
    send_signal(current_thread(), {.number = number,
                                   .code = signal_codes::user,
                                   .sender = current_process().id(),
                                   .sender_user = current_process().credentials.user.real});
}

void force_signal(const SignalInformation& information) {
    Thread& thread = current_thread();
    SignalAction& action = thread.process().handlers->action(information.number);
    if (thread.blocked.contains(information.number) || action.is_ignored()) {
        action = {};
        thread.blocked.remove(information.number);
    }
    thread.pending.add(information);
}

bool may_signal(const Process& sender, const Process& target, u32 number) {
    const UserIds& mine = sender.credentials.user;
    const UserIds& theirs = target.credentials.user;
    return sender.credentials.may(Capability::Kill) || mine.effective == theirs.real ||
           mine.effective == theirs.saved || mine.real == theirs.real ||
           mine.real == theirs.saved ||
           (number == signals::resume && sender.session == target.session);
}

void discard_ignored(Process& process, u32 number) {
    if (process.handlers->ignores(number)) {
        discard_everywhere(process, SignalSet::of(number));
    }
}

void end_soon(Thread& thread) {
    thread.work |= thread_work::Exit::mask;
    if (thread.state == Thread::State::Stopped || thread.state == Thread::State::Traced) {
        make_ready(thread);
    }
    alert(thread);
}

void begin_group_exit(Process& process, const WaitStatus& status) {
    if (!process.group_exiting) {
        process.group_exiting = true;
        process.status = status;
    }
    for (Thread& thread : process.threads) {
        end_soon(thread);
    }
}

void notify_parent(Process& child, i32 code, i32 status) {
    Process& parent = *child.parent;
    const bool ended = child.is_zombie();
    const u32 number = ended ? child.exit_signal : u32{signals::child};
    const bool quiet =
        !ended && action_bits::NoChildStop::test(parent.handlers->action(signals::child).flags);
    if (number != 0 && !quiet) {
        const CpuTimes used = cpu_times(child);
        send_signal(parent, {.number = number,
                             .code = code,
                             .kind = SignalInformation::Kind::Child,
                             .sender = child.id(),
                             .sender_user = child.credentials.user.real,
                             .status = status,
                             .user_ticks = used.user / nanoseconds_per_clock_tick,
                             .system_ticks = used.system / nanoseconds_per_clock_tick});
    }
    parent.child_changed.wake_all();
}

}  // namespace ringfence::kernel
