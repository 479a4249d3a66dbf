// SPDX-License-Identifier: MIT
// timer_create and what is done with such timers.
#include "kernel/core/process/posix_timers.h"

#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/clocks.h"
#include "kernel/core/syscall/cpu_clocks.h"
#include "kernel/core/syscall/signal_event.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

Fallible<TimerNotification> notification_of(const SignalEvent& event) {
    if (event.how == SignalEvent::None) {
        return TimerNotification{};
    }
    const bool to_thread = event.how == SignalEvent::SignalThread;
    if (!to_thread && event.how != SignalEvent::Signal && event.how != SignalEvent::Thread) {
        return Error{Errno::Einval};
    }
    if (!is_signal(static_cast<u32>(event.number))) {
        return Error{Errno::Einval};
    }
    TimerNotification notification{.signal = static_cast<u32>(event.number), .value = event.value};
    if (to_thread) {
        const kernel::Thread* thread = processes().find_thread(static_cast<u32>(event.thread));
        if (thread == nullptr || &thread->process() != &current_process()) {
            return Error{Errno::Einval};
        }
        notification.thread = thread->id();
    }
    return notification;
}

/// [linux/abi]: timer_create(2), ENOTSUP
Nothing check_timer_clock(u32 clock) {
    if (is_cpu_clock(clock)) {
        return {};
    }
    if (static_cast<i32>(clock) < 0) {  // a file's: devices have such clocks
        return Error{Errno::Eopnotsupp};
    }
    const ClockTraits* const traits = traits_of(clock);
    if (traits == nullptr) {
        return Error{Errno::Einval};
    }
    return traits->drives_timers ? Nothing{} : Error{Errno::Eopnotsupp};
}

Fallible<Ref<PosixTimer>> own_timer(u32 id) {
    return current_process().posix_timers.find(id);
}

TimerSpec setting_of(PosixTimer& timer) {
    return {to_timespec(timer.timer().interval()),
            to_timespec(timer.stopped() ? 0 : timer.timer().remaining(timer.now()))};
}

Fallible<TimerRequest> request_for(const PosixTimer& timer, Pointer value, bool absolute) {
    if (!timer.by_cpu_clock()) {
        return read_timer_request(value, timer.clock(), absolute);
    }
    RF_TRY_ASSIGN(
        wanted,
        read_timer_request(value, ClockNow{.shown = timer.now(), .queue = timer.now()}, absolute));
    if (timer.stopped()) {
        return Error{Errno::Esrch};
    }
    return wanted;
}

}  // namespace

Nothing timer_create(u32 clock, Pointer event, Pointer id) {
    RF_TRY(check_timer_clock(clock));
    TimerNotification notification{.signal = signals::alarm};
    if (event != Pointer{}) {
        RF_TRY_ASSIGN(given, read_user<SignalEvent>(event));
        RF_TRY_ASSIGN(wanted, notification_of(given));
        notification = wanted;
    }
    RF_TRY(admit_allocation());
    Ref<CpuClock> cpu_clock;
    if (is_cpu_clock(clock)) {
        RF_TRY_ASSIGN(subject, cpu_time_of(clock, ClockUse::Timing));
        cpu_clock = subject.clock();
    }
    Process& process = current_process();
    RF_TRY_ASSIGN(timer, process.posix_timers.create(process, clock, cpu_clock, notification));
    if (event == Pointer{}) {
        timer->set_value(timer->id());
    }
    const auto written = write_user(id, static_cast<i32>(timer->id()));
    if (!written) {
        RF_TRY(process.posix_timers.remove(timer->id()));
    }
    return written;
}

Nothing timer_settime(u32 id, u32 flags, Pointer value, Pointer old) {
    using Absolute = Flag<0, u32>;
    RF_TRY(read_user<TimerSpec>(value));  // a bad pointer before a bad timer
    RF_TRY_ASSIGN(timer, own_timer(id));
    RF_TRY_ASSIGN(wanted, request_for(*timer, value, Absolute::test(flags)));
    const TimerSpec before = setting_of(*timer);
    timer->set(wanted.first, wanted.interval);
    return write_user_if_wanted(old, before);
}

Nothing timer_gettime(u32 id, Pointer value) {
    RF_TRY_ASSIGN(timer, own_timer(id));
    return write_user(value, setting_of(*timer));
}

Value timer_getoverrun(u32 id) {
    RF_TRY_ASSIGN(timer, own_timer(id));
    return u64{timer->overrun()};
}

Nothing timer_delete(u32 id) {
    return current_process().posix_timers.remove(id);
}

}  // namespace ringfence::kernel::syscalls
