// SPDX-License-Identifier: MIT
// The futex call's operations.
#include <algorithm>

#include "kernel/core/syscall/futex_table.h"
#include "kernel/core/syscall/support.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::syscalls {

namespace {

enum class FutexOperation : u32 {
    Wait = 0,
    Wake = 1,
    Requeue = 3,
    CompareRequeue = 4,
    WakeAndChange = 5,
    WaitBits = 9,
    WakeBits = 10,
};
using Operation = Bitfield<0, 7, u32>;
using Private = Flag<7, u32>;
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

/// That a futex can be there: of one that processes share, its page must be there, too.
Nothing check_word(Pointer word, u32 operation) {
    if (!word.is_aligned(sizeof(u32))) {
        return Error{Errno::Einval};
    }
    if (!arch::is_user_range(word, sizeof(u32))) {
        return Error{Errno::Efault};
    }
    if (!Private::test(operation)) {
        RF_TRY(read_user<u32>(word));
    }
    return {};
}

/// FUTEX_WAKE_OP's last argument: what to do with the second word, and what to ask of its old
/// value. [linux/abi]: futex(2)
struct WordChange {
    using Argument = Bitfield<12, 12, u32>;
    using Compared = Bitfield<0, 12, u32>;
    using Comparison = Bitfield<24, 4, u32>;
    using Change = Bitfield<28, 3, u32>;
    using ArgumentIsShift = Flag<31, u32>;

    u32 code;

    [[nodiscard]] bool is_known() const {
        constexpr u32 last_comparison = 5;
        constexpr u32 last_change = 4;
        return Comparison::get(code) <= last_comparison && Change::get(code) <= last_change;
    }
    [[nodiscard]] u32 changed(u32 old) const {
        constexpr u32 shift_mask = 31;
        const u32 given = signed_12(Argument::get(code));
        const u32 argument = ArgumentIsShift::test(code) ? u32{1} << (given & shift_mask) : given;
        switch (Change::get(code)) {
            case 0:
                return argument;
            case 1:
                return old + argument;
            case 2:
                return old | argument;
            case 3:
                return old & ~argument;
            default:
                return old ^ argument;
        }
    }
    [[nodiscard]] bool holds_for(u32 old) const {
        const auto value = static_cast<i32>(old);
        const auto compared = static_cast<i32>(signed_12(Compared::get(code)));
        switch (Comparison::get(code)) {
            case 0:
                return value == compared;
            case 1:
                return value != compared;
            case 2:
                return value < compared;
            case 3:
                return value <= compared;
            case 4:
                return value > compared;
            default:
                return value >= compared;
        }
    }

private:
    static u32 signed_12(u32 bits) {
        constexpr u32 shift = 20;
        return static_cast<u32>(static_cast<i32>(bits << shift) >> shift);
    }
};

/// Changes the word at once; its old value.
Fallible<u32> change_word(Pointer word, const WordChange& change) {
    RF_TRY_ASSIGN(expected, read_user<u32>(word));
    for (;;) {
        u32 found = 0;
        if (!arch::compare_exchange_user(word, expected, change.changed(expected), found)) {
            return Error{Errno::Efault};
        }
        if (found == expected) {
            return found;
        }
        expected = found;
    }
}

Value wake_and_change(Pointer word, u32 wake, Pointer second, u32 wake_second, WordChange change) {
    if (!change.is_known()) {
        return Error{Errno::Enosys};
    }
    RF_TRY_ASSIGN(old, change_word(second, change));
    u64 woken = wake_futex(word, at_least_one(wake));
    if (change.holds_for(old)) {
        woken += wake_futex(second, at_least_one(wake_second));
    }
    return woken;
}

}  // namespace

Value futex(Pointer word, u32 operation, u32 value, u64 timeout_or_value, Pointer second_word,
            u32 third_value) {
    RF_TRY(check_word(word, operation));
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
            RF_TRY(check_word(second_word, operation));
            RF_TRY_ASSIGN(current, read_user<u32>(word));
            if (current != third_value) {
                return Error{Errno::Eagain};
            }
            return u64{requeue_futex(word, value, static_cast<u32>(timeout_or_value), second_word)};
        }
        case FutexOperation::Requeue:
            RF_TRY(check_word(second_word, operation));
            return u64{requeue_futex(word, value, static_cast<u32>(timeout_or_value), second_word)};
        case FutexOperation::WakeAndChange:
            RF_TRY(check_word(second_word, operation));
            return wake_and_change(word, value, second_word, static_cast<u32>(timeout_or_value),
                                   {third_value});
    }
    return Error{Errno::Enosys};
}

}  // namespace ringfence::kernel::syscalls
