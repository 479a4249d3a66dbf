// SPDX-License-Identifier: MIT
// timerfd.
#include "kernel/core/fs/timer_file.h"
#include "kernel/core/syscall/clocks.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

Fallible<Ref<TimerFile>> timer_file(i32 descriptor) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    TimerFile* timer = file_cast<TimerFile>(*file);
    if (timer == nullptr) {
        return Error{Errno::Einval};
    }
    return Ref<TimerFile>(timer);
}

TimerSpec setting_of(const TimerFile& file) {
    return {to_timespec(file.timer().interval()),
            to_timespec(file.timer().remaining(monotonic_now()))};
}

}  // namespace

Value timerfd_create(u32 clock, u32 flags) {
    constexpr u32 allowed = open_bits::CloseOnExec::mask | open_bits::NonBlocking::mask;
    const ClockTraits* const traits = traits_of(clock);
    if ((flags & ~allowed) != 0 || traits == nullptr || !traits->drives_timer_files) {
        return Error{Errno::Einval};
    }
    if (traits->wakes_from_suspend && !current_process().credentials.may(Capability::WakeAlarm)) {
        return Error{Errno::Eperm};
    }
    RF_TRY_ASSIGN(file, make_timer_file(OpenFlags{flags & open_bits::NonBlocking::mask}, clock));
    return new_descriptor(file, OpenFlags{flags}.close_on_exec());
}

Nothing timerfd_settime(i32 descriptor, u32 flags, Pointer value, Pointer old) {
    using Absolute = Flag<0, u32>;
    using CancelOnSet = Flag<1, u32>;  // without effect: nothing sets the clock
    RF_TRY(read_user<TimerSpec>(value));
    if ((flags & ~(Absolute::mask | CancelOnSet::mask)) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(file, timer_file(descriptor));
    RF_TRY_ASSIGN(wanted, read_timer_request(value, file->clock(), Absolute::test(flags)));
    const TimerSpec before = setting_of(*file);
    file->set(wanted.first, wanted.interval);
    return write_user_if_wanted(old, before);
}

Nothing timerfd_gettime(i32 descriptor, Pointer value) {
    RF_TRY_ASSIGN(file, timer_file(descriptor));
    return write_user(value, setting_of(*file));
}

}  // namespace ringfence::kernel::syscalls
