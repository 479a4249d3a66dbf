// SPDX-License-Identifier: MIT
// The futex call's operations.
#include <algorithm>

#include "kernel/core/syscall/futex_table.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

enum class FutexOperation : u32 {
    Wait = 0,
    Wake = 1,
    Requeue = 3,
    CompareRequeue = 4,
    WaitBits = 9,
    WakeBits = 10,
};
using Operation = Bitfield<0, 7, u32>;
using RealtimeClock = Flag<8, u32>;

enum class Timeout : u8 { Relative, Absolute };

Fallible<u64> read_futex_deadline(Pointer timeout, Timeout kind, bool realtime) {
    if (timeout == Pointer{}) {
        return never;
    }
    RF_TRY_ASSIGN(time, read_user<TimeSpec>(timeout));
    if (!is_valid(time)) {
        return Error{Errno::Einval};
    }
    const u64 given = to_nanoseconds(time);
    if (kind == Timeout::Relative) {
        return deadline_after(monotonic_now(), given);
    }
    const u64 now = realtime ? realtime_now() : monotonic_now();
    return deadline_after(monotonic_now(), given > now ? given - now : 0);
}

Value wait(Pointer word, u32 expected, u32 bits, const Fallible<u64>& deadline) {
    if (!deadline) {
        return Error{deadline.error()};
    }
    if (bits == 0) {
        return Error{Errno::Einval};
    }
    RF_TRY(wait_on_futex(word, expected, bits, deadline.value()));
    return u64{0};
}

/// Linux looks whether it has woken enough when it has woken one, and at the number as a signed
/// one: 0 and less are 1.
u32 at_least_one(u32 wanted) {
    return static_cast<u32>(std::max(static_cast<i32>(wanted), 1));
}

Value requeue(Pointer word, u32 wake, u32 move, Pointer target) {
    RF_TRY(read_user<u32>(target));
    return u64{requeue_futex(word, wake, move, target)};
}

}  // namespace

Value futex(Pointer word, u32 operation, u32 value, u64 timeout_or_value, Pointer second_word,
            u32 third_value) {
    if (!word.is_aligned(sizeof(u32))) {
        return Error{Errno::Einval};
    }
    const bool realtime = RealtimeClock::test(operation);
    const Pointer timeout{timeout_or_value};
    switch (static_cast<FutexOperation>(Operation::get(operation))) {
        case FutexOperation::Wait:
            return wait(word, value, any_futex_bits,
                        read_futex_deadline(timeout, Timeout::Relative, realtime));
        case FutexOperation::WaitBits:
            return wait(word, value, third_value,
                        read_futex_deadline(timeout, Timeout::Absolute, realtime));
        case FutexOperation::Wake:
            return u64{wake_futex(word, at_least_one(value))};
        case FutexOperation::WakeBits:
            return third_value == 0 ? Value(Error{Errno::Einval})
                                    : u64{wake_futex(word, at_least_one(value), third_value)};
        case FutexOperation::CompareRequeue: {
            RF_TRY_ASSIGN(current, read_user<u32>(word));
            if (current != third_value) {
                return Error{Errno::Eagain};
            }
            return requeue(word, value, static_cast<u32>(timeout_or_value), second_word);
        }
        case FutexOperation::Requeue:
            return requeue(word, value, static_cast<u32>(timeout_or_value), second_word);
    }
    return Error{Errno::Enosys};
}

}  // namespace ringfence::kernel::syscalls
