// SPDX-License-Identifier: MIT
// epoll: making the file, filling its set, waiting for it.
#include "kernel/core/fs/epoll_file.h"
#include "kernel/core/syscall/poll_mask.h"
#include "kernel/core/syscall/support.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::syscalls {

namespace {

enum class EpollOperation : u32 { Add = 1, Remove = 2, Modify = 3 };

constexpr u32 most_events = low_mask<u32>(31) / sizeof(arch::EpollEvent);  // EP_MAX_EVENTS

/// The descriptor's epoll file, kept open while it is used.
Fallible<Ref<EpollFile>> epoll_file(i32 descriptor) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    EpollFile* epoll = file_cast<EpollFile>(*file);
    if (epoll == nullptr) {
        return Error{Errno::Einval};
    }
    return Ref<EpollFile>(epoll);
}

/// Eintr if a signal comes first: this call never goes on after a signal, whatever its handler's
/// flags. [linux/abi]: signal(7)
Value wait_until_deadline(i32 descriptor, Pointer events, i32 most, u64 deadline) {
    if (most <= 0 || static_cast<u32>(most) > most_events) {
        return Error{Errno::Einval};
    }
    const u64 size = static_cast<u64>(most) * sizeof(arch::EpollEvent);
    if (!arch::is_user_range(events, size)) {
        return Error{Errno::Efault};
    }
    RF_TRY_ASSIGN(epoll, epoll_file(descriptor));
    const IoDestination to(events, size);
    WaitQueue* const queues[] = {&epoll->became_ready()};
    WakeReason reason = WakeReason::Woken;
    for (;;) {
        RF_TRY_ASSIGN(count, epoll->take_ready(to));
        if (count > 0 || reason == WakeReason::TimedOut || deadline <= monotonic_now()) {
            return count;
        }
        if (reason == WakeReason::Interrupted) {
            return Error{Errno::Eintr};
        }
        reason = sleep_on(queues, deadline);
    }
}

u64 deadline_after_milliseconds(i32 timeout) {
    constexpr u64 nanoseconds_per_millisecond = 1'000'000;
    return timeout < 0 ? never
                       : deadline_after(monotonic_now(),
                                        static_cast<u64>(timeout) * nanoseconds_per_millisecond);
}

}  // namespace

Value epoll_create1(u32 flags) {
    if ((flags & ~open_bits::CloseOnExec::mask) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(file, make_epoll_file());
    return new_descriptor(file, OpenFlags{flags}.close_on_exec());
}

Value epoll_create(i32 size) {
    if (size <= 0) {
        return Error{Errno::Einval};
    }
    return epoll_create1(0);
}

Nothing epoll_ctl(i32 descriptor, u32 operation, i32 target, Pointer event) {
    const EpollOperation wanted = static_cast<EpollOperation>(operation);
    arch::EpollEvent given{};
    if (wanted != EpollOperation::Remove) {
        RF_TRY_ASSIGN(read, read_user<arch::EpollEvent>(event));
        given = read;
    }
    RF_TRY(file_of(descriptor));
    RF_TRY_ASSIGN(file, file_of(target));
    if (!file->can_be_polled()) {
        return Error{Errno::Eperm};
    }
    RF_TRY_ASSIGN(epoll, epoll_file(descriptor));
    if (file == epoll.get()) {
        return Error{Errno::Einval};
    }
    switch (wanted) {
        case EpollOperation::Add:
            return epoll->add(target, *file, given);
        case EpollOperation::Remove:
            return epoll->remove(target, *file);
        case EpollOperation::Modify:
            return epoll->modify(target, *file, given);
    }
    return Error{Errno::Einval};
}

Value epoll_wait(i32 descriptor, Pointer events, i32 most, i32 timeout) {
    return wait_until_deadline(descriptor, events, most, deadline_after_milliseconds(timeout));
}

Value epoll_pwait(i32 descriptor, Pointer events, i32 most, i32 timeout, Pointer mask,
                  u64 mask_size) {
    RF_TRY(use_mask_for_call(mask, mask_size));
    return keep_mask_if_interrupted(
        wait_until_deadline(descriptor, events, most, deadline_after_milliseconds(timeout)));
}

Value epoll_pwait2(i32 descriptor, Pointer events, i32 most, Pointer timeout, Pointer mask,
                   u64 mask_size) {
    RF_TRY_ASSIGN(deadline, read_deadline(timeout));
    RF_TRY(use_mask_for_call(mask, mask_size));
    return keep_mask_if_interrupted(wait_until_deadline(descriptor, events, most, deadline));
}

}  // namespace ringfence::kernel::syscalls
