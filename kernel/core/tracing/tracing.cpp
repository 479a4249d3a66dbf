// SPDX-License-Identifier: MIT
#include "kernel/core/tracing/tracing.h"

#include "kernel/core/process/process_table.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/tracing/end.h"
#include "kernel/core/vm/admission.h"
#include "kernel_arch/traced_thread.h"

namespace ringfence::kernel {

namespace {

void link(Thread& target, Thread& tracer, bool seized, u32 options) {
    target.tracee = make_ref<Tracee>(target, seized, options);
    target.tracee->join(tracer);
}

Fallible<void> check(const Thread& target) {
    if (&target.process() == &current_process() || !may_trace(target.process()) || target.tracee ||
        target.state == Thread::State::Dead) {
        return Error{Errno::Eperm};
    }
    return admit_allocation();
}

/// A thread that a signal has stopped stops once more, for its tracer.
void stop_again(Thread& target) {
    if (target.state == Thread::State::Stopped) {
        target.work |= thread_work::TrapStop::mask;
        make_ready(target);
    }
}

/// The thread that made the process, if it is still there.
Thread* maker_of(const Process& process) {
    for (Thread& thread : process.parent->threads) {
        if (thread.id() == process.maker) {
            return &thread;
        }
    }
    return process.parent->first_thread();
}

}  // namespace

bool may_trace(const Process& target) {
    const Credentials& mine = current_process().credentials;
    if (&target == &current_process()) {
        return true;
    }
    return mine.may_attach(target.credentials) &&
           (mine.may(Capability::SysPtrace) || !target.memory || target.memory->dumpable);
}

Fallible<void> attach(Thread& target) {
    RF_TRY(check(target));
    link(target, current_thread(), false, 0);
    send_signal(target, {.number = signals::stop, .code = signal_codes::kernel});
    stop_again(target);
    return {};
}

Fallible<void> seize(Thread& target, u32 options) {
    RF_TRY(check(target));
    link(target, current_thread(), true, options);
    stop_again(target);
    return {};
}

Fallible<void> trace_me() {
    Thread& self = current_thread();
    if (self.tracee) {
        return Error{Errno::Eperm};
    }
    RF_TRY(admit_allocation());
    if (Thread* const tracer = maker_of(self.process()); tracer != nullptr) {
        link(self, *tracer, false, 0);
    }
    return {};
}

void release_tracee(Tracee& tracee) {
    const Ref<Tracee> held(&tracee);
    if (tracee.ended) {
        forget_end(tracee);
        return;
    }
    tracee.leave();
    Thread* const thread = tracee.thread;
    if (thread == nullptr) {  // the first thread of a process that others keep alive
        tracee.process->ended_leader = nullptr;
        return;
    }
    thread->tracee = nullptr;
    const u8 kept = thread_work::Exit::mask | thread_work::Breakpoints::mask;
    thread->work &= kept;
    if (thread->state == Thread::State::Traced) {
        arch::clear_single_step(thread->registers);
        make_ready(*thread);
    }
    if (tracee.process->state == Process::State::Stopped) {
        notify_parent(*tracee.process, signal_codes::child_stopped,
                      static_cast<i32>(tracee.process->stop_signal));
    }
}

void release_all_tracees(Thread& tracer) {
    while (Tracee* const tracee = tracer.tracees.front()) {
        const Ref<Tracee> held(tracee);
        if (!tracee->delivers) {
            tracee->code = 0;  // nobody has answered
        }
        const bool kill = trace_options::KillOnExit::test(tracee->options) && !tracee->ended;
        release_tracee(*tracee);
        if (kill) {
            send_signal(*tracee->process, {.number = signals::kill, .code = signal_codes::kernel});
        }
    }
}

void inherit_tracing(Thread& child, TraceEvent event, bool wanted_by_caller) {
    const Ref<Tracee>& mine = current_thread().tracee;
    if (!mine || (!wanted_by_caller && !mine->wants(event))) {
        return;
    }
    link(child, *mine->tracer, mine->seized, mine->options);
    if (mine->seized) {
        child.work |= thread_work::TrapStop::mask;
    } else {
        child.pending.add({.number = signals::stop, .code = signal_codes::kernel});
    }
}

void take_leaders_tracing(Thread& self) {
    Process& process = self.process();
    if (const Ref<Tracee> old = std::exchange(process.ended_leader, nullptr); old) {
        old->leave();
    }
    if (self.tracee) {
        self.tracee->id = self.id();
    }
}

bool may_gain_privileges() {
    const Ref<Tracee>& tracee = current_thread().tracee;
    return !tracee || tracee->tracer->process().credentials.may(Capability::SysPtrace);
}

namespace {
const Tracee* leader_tracee(const Process& process) {
    if (process.ended_leader) {
        return process.ended_leader.get();
    }
    for (const Thread& thread : process.threads) {
        if (thread.id() == process.id()) {
            return thread.tracee.get();
        }
    }
    return nullptr;
}
}  // namespace

bool traces_leader(const Process& process, const Process& child) {
    const Tracee* const tracee = leader_tracee(child);
    return tracee != nullptr && &tracee->tracer->process() == &process;
}

u32 tracer_id(const Process& process) {
    const Tracee* const tracee = leader_tracee(process);
    return tracee != nullptr ? tracee->tracer->id() : 0;
}

}  // namespace ringfence::kernel
