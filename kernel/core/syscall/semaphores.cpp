// SPDX-License-Identifier: MIT
// Operations on System V semaphores. [linux/abi]: semget(2), semop(2)
#include <algorithm>

#include "kernel/core/ipc/semaphore_set.h"
#include "kernel/core/syscall/ipc_support.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

/// A program's array of operations; the heap has it only if it is long.
class OperationList {
public:
    /// `count` is 1 to most_operations. Efault, Enomem.
    Fallible<void> read(Pointer from, usize count) {
        SemaphoreOperation* place = few_;
        if (count > most_on_stack) {
            RF_TRY(admit_allocation());
            if (!many_.try_reserve(count)) {
                return Error{Errno::Enomem};
            }
            many_.resize(count);
            place = many_.data();
        }
        operations_ = {place, count};
        return read_user_bytes(from, {reinterpret_cast<u8*>(place), operations_.size_bytes()});
    }
    [[nodiscard]] std::span<const SemaphoreOperation> all() const { return operations_; }

private:
    static constexpr usize most_on_stack = 64;

    SemaphoreOperation few_[most_on_stack];
    Vector<SemaphoreOperation> many_;
    std::span<SemaphoreOperation> operations_;
};

/// What the running process wants undone of `set`; null if these operations do not ask for it.
Fallible<SemaphoreUndo*> undo_for(SemaphoreSet& set,
                                  std::span<const SemaphoreOperation> operations) {
    const bool wanted = std::any_of(operations.begin(), operations.end(), [](const auto& one) {
        return SemaphoreOperation::Undo::test(one.flags);
    });
    if (!wanted) {
        return static_cast<SemaphoreUndo*>(nullptr);
    }
    Ref<SemaphoreUndoList>& undos = current_process().semaphore_undos;
    if (!undos) {
        RF_TRY(admit_allocation());
        undos = make_ref<SemaphoreUndoList>();
    }
    return undos->of(set);
}

Nothing operate(i32 id, std::span<const SemaphoreOperation> operations, u64 deadline) {
    RF_TRY_ASSIGN(set, semaphore_sets().find(id));
    for (const SemaphoreOperation& operation : operations) {
        if (operation.number >= set->count()) {
            return Error{Errno::Efbig};
        }
    }
    RF_TRY(set->check_access(current_process().credentials,
                             alter(operations) ? ipc_access::write : ipc_access::read));
    RF_TRY_ASSIGN(undo, undo_for(*set, operations));
    return set->operate(operations, undo, deadline);
}

}  // namespace

Value semget(i32 key, i32 count, u32 flags) {
    if (count < 0 || count > static_cast<i32>(semaphore_limits::most_per_set)) {
        return Error{Errno::Einval};
    }
    const u32 wanted = static_cast<u32>(count);
    const auto fits = [wanted](const SemaphoreSet& set) {
        return wanted <= set.count() ? Nothing{} : Error{Errno::Einval};
    };
    return find_or_make(semaphore_sets(), key, flags, fits, [&]() -> Fallible<SemaphoreSet*> {
        if (wanted == 0) {
            return Error{Errno::Einval};
        }
        return SemaphoreSet::create(key, flags, wanted, current_process().credentials);
    });
}

Nothing semop(i32 id, Pointer operations, u32 count) {
    return semtimedop(id, operations, count, Pointer{});
}

Nothing semtimedop(i32 id, Pointer operations, u32 count, Pointer timeout) {
    TimeSpec time{};
    if (timeout != Pointer{}) {
        RF_TRY_ASSIGN(given, read_user<TimeSpec>(timeout));
        time = given;
    }
    if (count > semaphore_limits::most_operations) {
        return Error{Errno::E2big};
    }
    if (count == 0) {
        return Error{Errno::Einval};
    }
    OperationList list;
    RF_TRY(list.read(operations, count));
    if (id < 0 || !is_valid(time)) {
        return Error{Errno::Einval};
    }
    const u64 deadline =
        timeout == Pointer{} ? never : deadline_after(monotonic_now(), to_nanoseconds(time));
    return operate(id, list.all(), deadline);
}

}  // namespace ringfence::kernel::syscalls
