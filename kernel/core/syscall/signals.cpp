// SPDX-License-Identifier: MIT
// Signals: actions, masks, sending, waiting.
#include "kernel/core/signal/send.h"

#include "kernel/core/process/process_table.h"
#include "kernel/core/signal/deliver.h"
#include "kernel/core/syscall/queued_signals.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

Fallible<void> check_set_size(u64 size) {
    if (size != sizeof(u64)) {
        return Error{Errno::Einval};
    }
    return {};
}

/// Sends to all processes that `selects`; Esrch if there are none, Eperm if none may be signalled.
template <typename Selects>
Nothing send_to_each(u32 number, Selects selects) {
    bool any = false;
    bool allowed = false;
    const Vector<Ref<Process>> all = processes().all();
    for (const Ref<Process>& process : all) {
        if (process == &processes().init() || !selects(*process)) {
            continue;
        }
        any = true;
        if (may_signal(current_process(), *process, number)) {
            allowed = true;
            if (number != 0) {
                send_signal(*process, from_current(number, signal_codes::user));
            }
        }
    }
    if (!any || !allowed) {
        return Error{any ? Errno::Eperm : Errno::Esrch};
    }
    return {};
}

Nothing send_to_thread(Process* wanted_process, i32 id, u32 number) {
    if (id <= 0 || (number != 0 && !is_signal(number))) {
        return Error{Errno::Einval};
    }
    Thread* thread = processes().find_thread(static_cast<u32>(id));
    if (thread == nullptr || (wanted_process != nullptr && &thread->process() != wanted_process)) {
        return Error{Errno::Esrch};
    }
    if (!may_signal(current_process(), thread->process(), number)) {
        return Error{Errno::Eperm};
    }
    if (number != 0) {
        send_signal(*thread, from_current(number, signal_codes::thread));
    }
    return {};
}

}  // namespace

Nothing rt_sigaction(u32 number, Pointer action, Pointer old, u64 set_size) {
    RF_TRY(check_set_size(set_size));
    if (!is_signal(number)) {
        return Error{Errno::Einval};
    }
    Process& process = current_process();
    const SignalAction before = process.handlers->action(number);
    if (action != Pointer{}) {
        RF_TRY_ASSIGN(wanted, read_user<SignalAction>(action));
        if (unblockable_signals.contains(number)) {
            return Error{Errno::Einval};
        }
        wanted.mask = SignalSet(wanted.mask).without(unblockable_signals).bits();
        process.handlers->action(number) = wanted;
        discard_ignored(process, number);
    }
    return write_user_if_wanted(old, before);
}

Nothing rt_sigprocmask(u32 how, Pointer set, Pointer old, u64 set_size) {
    enum How : u32 { Block = 0, Unblock = 1, Set = 2 };
    RF_TRY(check_set_size(set_size));
    Thread& thread = current_thread();
    const u64 before = thread.blocked.bits();
    if (set != Pointer{}) {
        RF_TRY_ASSIGN(bits, read_user<u64>(set));
        const SignalSet given(bits);
        if (how > How::Set) {
            return Error{Errno::Einval};
        }
        const SignalSet wanted = how == How::Block     ? thread.blocked | given
                                 : how == How::Unblock ? thread.blocked.without(given)
                                                       : given;
        thread.blocked = wanted.without(unblockable_signals);
    }
    return write_user_if_wanted(old, before);
}

Nothing rt_sigpending(Pointer set, u64 set_size) {
    if (set_size > sizeof(u64)) {
        return Error{Errno::Einval};
    }
    const Thread& thread = current_thread();
    const u64 waiting =
        ((thread.pending.set() | thread.process().pending.set()) & thread.blocked).bits();
    return write_user_bytes(set, {reinterpret_cast<const u8*>(&waiting), set_size});
}

Nothing rt_sigsuspend(Pointer set, u64 set_size) {
    RF_TRY(check_set_size(set_size));
    RF_TRY_ASSIGN(bits, read_user<u64>(set));
    Thread& thread = current_thread();
    thread.blocked_before_call = thread.blocked;
    thread.blocked = SignalSet(bits).without(unblockable_signals);
    return pause();
}

Nothing pause() {
    while (sleep_on({}) != WakeReason::Interrupted) {
    }
    return Error{Errno::RestartIfNoHandler};
}

Value rt_sigtimedwait(Pointer set, Pointer information, Pointer timeout, u64 set_size) {
    RF_TRY(check_set_size(set_size));
    RF_TRY_ASSIGN(bits, read_user<u64>(set));
    const SignalSet wanted = SignalSet(bits).without(unblockable_signals);
    u64 deadline = never;
    if (timeout != Pointer{}) {
        RF_TRY_ASSIGN(time, read_user<TimeSpec>(timeout));
        if (!is_valid(time)) {
            return Error{Errno::Einval};
        }
        deadline = deadline_after(monotonic_now(), to_nanoseconds(time));
    }
    Thread& thread = current_thread();
    const SignalSet blocked = std::exchange(thread.blocked, thread.blocked.without(wanted));
    std::optional<SignalInformation> taken;
    WakeReason reason = WakeReason::Woken;
    while (!taken && reason == WakeReason::Woken) {
        taken = take_signal(thread, wanted);
        if (!taken) {
            reason = sleep_on({}, deadline);
        }
    }
    if (!taken) {  // the signal that interrupted the sleep may be one that was waited for
        taken = take_signal(thread, wanted);
    }
    thread.blocked = blocked;
    if (!taken) {
        return Error{reason == WakeReason::TimedOut ? Errno::Eagain : Errno::Eintr};
    }
    RF_TRY(write_user_if_wanted(information, to_image(*taken)));
    return u64{taken->number};
}

Value rt_sigreturn(arch::TrapFrame& frame) {
    Thread& thread = current_thread();
    arch::SignalReturn result{.blocked = thread.blocked.bits(), .alternate_stack = {}};
    const bool good = arch::pop_signal_frame(frame, result);
    frame.forget_syscall();
    thread.blocked = SignalSet(result.blocked).without(unblockable_signals);
    if (!good) {
        force_signal({.number = signals::segment,
                      .code = signal_codes::kernel,
                      .kind = SignalInformation::Kind::Fault});
        return u64{0};
    }
    constexpr u64 least_stack = 2048;  // MINSIGSTKSZ
    constexpr u32 disabled = 2;
    if (result.alternate_stack.flags == disabled || result.alternate_stack.size < least_stack) {
        thread.alternate_stack = {.base = 0, .flags = disabled, .reserved = 0, .size = 0};
    } else {
        thread.alternate_stack = result.alternate_stack;
        thread.alternate_stack.flags = 0;
    }
    return u64{0};
}

Nothing sigaltstack(arch::TrapFrame& frame, Pointer stack, Pointer old) {
    constexpr u32 on_stack = 1;
    constexpr u32 disabled = 2;
    constexpr u64 least_stack = 2048;  // MINSIGSTKSZ
    Thread& thread = current_thread();
    const arch::SignalStack& current = thread.alternate_stack;
    const u64 pointer = frame.stack_pointer().value();
    const bool active =
        current.size != 0 && pointer > current.base && pointer - current.base <= current.size;
    arch::SignalStack before = current;
    before.flags = current.size == 0 ? disabled : active ? on_stack : 0;
    if (stack != Pointer{}) {
        RF_TRY_ASSIGN(wanted, read_user<arch::SignalStack>(stack));
        if (active) {
            return Error{Errno::Eperm};
        }
        if (wanted.flags != 0 && wanted.flags != on_stack && wanted.flags != disabled) {
            return Error{Errno::Einval};
        }
        if (wanted.flags == disabled) {
            thread.alternate_stack = {.base = 0, .flags = disabled, .reserved = 0, .size = 0};
        } else if (wanted.size < least_stack) {
            return Error{Errno::Enomem};
        } else {
            thread.alternate_stack = wanted;
            thread.alternate_stack.flags = 0;
        }
    }
    return write_user_if_wanted(old, before);
}

Nothing kill(i32 id, u32 number) {
    if (number != 0 && !is_signal(number)) {
        return Error{Errno::Einval};
    }
    const Process& self = current_process();
    if (id > 0) {
        return send_to_each(number,
                            [&](const Process& p) { return p.id() == static_cast<u32>(id); });
    }
    if (id == -1) {
        return send_to_each(number, [&](const Process& p) { return &p != &self; });
    }
    const u32 group = id == 0 ? self.group : u32{0} - static_cast<u32>(id);
    return send_to_each(number, [&](const Process& p) { return p.group == group; });
}

Nothing tkill(i32 thread, u32 number) {
    return send_to_thread(nullptr, thread, number);
}

Nothing tgkill(i32 process, i32 thread, u32 number) {
    if (process <= 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(wanted, process_called(process));
    return send_to_thread(wanted, thread, number);
}

}  // namespace ringfence::kernel::syscalls
