// SPDX-License-Identifier: MIT
#include "kernel/core/signal/deliver.h"

#include <bit>

#include "kernel/core/log/log.h"
#include "kernel/core/process/exit.h"
#include "kernel/core/process/process.h"
#include "kernel/core/process/process_groups.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/tracing/stop.h"
#include "kernel/core/tracing/tracing.h"
#include "kernel/core/vm/user_memory.h"
#include "kernel_arch/traced_thread.h"

namespace ringfence::kernel {

namespace {

enum class Interruption : u8 { HandlerRestarts, HandlerBreaks, NoHandler };

bool was_interrupted(const arch::TrapFrame& frame, Errno reason) {
    return frame.is_syscall() && frame.result() == u64{0} - static_cast<u64>(reason);
}

/// Decides about a system call that ended early. [linux/abi]: signal(7), "Interruption of system
/// calls and library functions by signal handlers"
void settle_interrupted_call(arch::TrapFrame& frame, Interruption how) {
    const bool flagged = was_interrupted(frame, Errno::RestartIfFlagged);
    const bool only_without_handler = was_interrupted(frame, Errno::RestartIfNoHandler) ||
                                      was_interrupted(frame, Errno::RestartWithBlock);
    if (!flagged && !only_without_handler) {
        return;
    }
    if (how == Interruption::NoHandler || (flagged && how == Interruption::HandlerRestarts)) {
        frame.restart_syscall();
    } else {
        frame.set_result(u64{0} - static_cast<u64>(Errno::Eintr));
    }
    if (how != Interruption::NoHandler) {
        current_thread().restart = {};
    }
    frame.forget_syscall();
}

void stop_process(Process& process, u32 number) {
    process.state = Process::State::Stopped;
    process.stop_signal = number;
    process.stop_unreported = true;
    process.resume_unreported = false;
    for (Thread& thread : process.threads) {
        if (thread.tracee) {
            request_trap_stop(thread);
        } else if (thread.state == Thread::State::Sleeping && thread.interruptible) {
            wake(thread, WakeReason::Interrupted);
        }
    }
    if (!traces_leader(*process.parent, process)) {  // else it hears of each thread's stop
        notify_parent(process, signal_codes::child_stopped, static_cast<i32>(number));
    }
}

void act_by_default(Process& process, const SignalInformation& information) {
    switch (default_action(information.number)) {
        case DefaultAction::Ignore:
        case DefaultAction::Continue:
            return;
        case DefaultAction::Stop:
            if (information.number == signals::stop || !is_orphaned_group(process.group)) {
                stop_process(process, information.number);
            }
            return;
        case DefaultAction::Dump:
        case DefaultAction::Terminate:
            begin_group_exit(process, {.signal = information.number});
            return;
    }
}

/// sigaltstack's view of the stack while a handler is about to run.
arch::SignalStack reported_stack(const Thread& thread, VirtualAddress pointer) {
    constexpr u32 disabled = 2;
    arch::SignalStack stack = thread.alternate_stack;
    stack.flags = stack.size == 0 ? disabled : stack.holds(pointer) ? arch::SignalStack::in_use : 0;
    return stack;
}

/// The handler of `number` has no frame to run on. SIGSEGV's may have another stack; if it is that
/// one which cannot run, the program dies.
void give_up_handler(u32 number) {
    if (number == signals::segment) {
        begin_group_exit(current_process(), {.signal = signals::segment});
    } else {
        force_signal({.number = signals::segment,
                      .code = signal_codes::kernel,
                      .kind = SignalInformation::Kind::Fault});
    }
}

void run_handler(arch::TrapFrame& frame, const SignalInformation& information,
                 const SignalAction& action) {
    using namespace action_bits;
    Thread& thread = current_thread();
    const bool stepped = thread_work::Step::test(thread.work);
    if (stepped) {
        arch::clear_single_step(thread.registers);  // the frame is not to show it
    }
    settle_interrupted_call(frame, Restart::test(action.flags) ? Interruption::HandlerRestarts
                                                               : Interruption::HandlerBreaks);
    const SignalSet before = thread.blocked_before_call.value_or(thread.blocked);
    const bool switch_stack = OnStack::test(action.flags) && thread.alternate_stack.size != 0 &&
                              !thread.alternate_stack.holds(frame.stack_pointer());
    const bool is_fault = information.kind == SignalInformation::Kind::Fault;
    const arch::SignalDelivery delivery{
        .number = information.number,
        .handler = VirtualAddress{action.handler},
        .restorer = VirtualAddress{action.restorer},
        .blocked = before.bits(),
        .information = std::bit_cast<arch::SignalInfoImage>(to_image(information)),
        .alternate_stack = reported_stack(thread, frame.stack_pointer()),
        .use_alternate_stack = switch_stack,
        .fault_address = is_fault ? thread.fault_address : 0};
    if (!Restorer::test(action.flags) || !arch::push_signal_frame(frame, delivery)) {
        give_up_handler(information.number);
        return;
    }
    thread.blocked_before_call.reset();
    thread.blocked = thread.blocked | SignalSet(action.mask).without(unblockable_signals);
    if (!NoDefer::test(action.flags)) {
        thread.blocked.add(information.number);
    }
    if (ResetHandler::test(action.flags)) {
        thread.process().handlers->action(information.number) = {};
    }
    if (stepped) {
        stop_at_handler();
    }
}

/// Delivers one signal; false if there is none.
bool deliver_one(arch::TrapFrame& frame) {
    Thread& thread = current_thread();
    Process& process = thread.process();
    const SignalSet open = (thread.pending.set() | process.pending.set()).without(thread.blocked);
    if (open.empty()) {
        return false;  // as after most system calls
    }
    auto information = take_signal(thread, open);
    if (!information) {
        return false;
    }
    if (thread.tracee) {
        information = stop_for_signal(*information);
        if (!information) {
            return true;
        }
    }
    const SignalAction action = process.handlers->action(information->number);
    if (action.is_caught()) {
        run_handler(frame, *information, action);
    } else if (action.is_default()) {
        act_by_default(process, *information);
    }
    return true;
}

}  // namespace

std::optional<SignalInformation> take_signal(Thread& thread, SignalSet wanted) {
    Process& process = thread.process();
    auto information = thread.pending.take(wanted);
    if (!information) {
        information = process.pending.take(wanted);
    }
    if (information && information->kind == SignalInformation::Kind::Timer) {
        if (const auto timer = process.posix_timers.find(information->timer)) {
            information->overrun = timer.value()->signal_taken();
        }
    }
    return information;
}

namespace {
bool has_open_signal(const Thread& thread) {
    const Process& process = thread.process();
    const SignalSet waiting = thread.pending.set() | process.pending.set();
    return !waiting.without(thread.blocked).empty();
}

/// Traced threads have a stop of their own, and may go on while their process is stopped.
bool must_stop(const Thread& thread) {
    return thread.process().state == Process::State::Stopped && !thread.tracee;
}
}  // namespace

bool has_deliverable_signal(const Thread& thread) {
    return (thread.work & thread_work::interrupting) != 0 || must_stop(thread) ||
           has_open_signal(thread);
}

bool has_work_before_user_mode(const Thread& thread) {
    return thread.work != 0 || must_stop(thread) || has_open_signal(thread);
}

void deliver_signals(arch::TrapFrame& frame) {
    Thread& thread = current_thread();
    for (;;) {
        if (thread.work != 0) {
            do_thread_work(frame);
            if (thread.exiting()) {
                exit_current_thread(thread.process().status);
            }
        }
        if (must_stop(thread)) {
            stop_current(Thread::State::Stopped);
            continue;
        }
        if (!deliver_one(frame)) {
            break;
        }
    }
    settle_interrupted_call(frame, Interruption::NoHandler);
    if (thread.blocked_before_call) {
        thread.blocked = *thread.blocked_before_call;
        thread.blocked_before_call.reset();
    }
}

}  // namespace ringfence::kernel
