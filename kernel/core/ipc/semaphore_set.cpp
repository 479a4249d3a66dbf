// SPDX-License-Identifier: MIT
#include "kernel/core/ipc/semaphore_set.h"

#include <algorithm>

#include "kernel/core/ipc/ipc_waiter.h"
#include "kernel/core/process/process.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

u32 all_semaphores = 0;

bool wants_undo(const SemaphoreOperation& operation) {
    return SemaphoreOperation::Undo::test(operation.flags);
}

}  // namespace

IpcRegistryOf<SemaphoreSet>& semaphore_sets() {
    static IpcRegistryOf<SemaphoreSet> registry(semaphore_limits::most_sets);
    return registry;
}

u32 semaphore_count() {
    return all_semaphores;
}

bool alter(std::span<const SemaphoreOperation> operations) {
    return std::any_of(operations.begin(), operations.end(),
                       [](const SemaphoreOperation& operation) { return operation.change != 0; });
}

SemaphoreSet::SemaphoreSet(i32 key, u32 flags, const Credentials& creator)
    : IpcObject(key, flags, creator), change_time_(ipc_time_now()) {}

SemaphoreSet::~SemaphoreSet() {
    all_semaphores -= count();
    semaphore_sets().remove(*this);
}

Fallible<SemaphoreSet*> SemaphoreSet::create(i32 key, u32 flags, u32 count,
                                             const Credentials& creator) {
    RF_ASSERT(count > 0 && count <= semaphore_limits::most_per_set);
    if (count > semaphore_limits::most_of_all - all_semaphores) {
        return Error{Errno::Enospc};
    }
    RF_TRY(admit_allocation(1 + count * sizeof(Semaphore) / frame_size));
    Ref<SemaphoreSet> set(new SemaphoreSet(key, flags, creator));
    if (!set->semaphores_.try_reserve(count)) {
        return Error{Errno::Enomem};
    }
    set->semaphores_.resize(count);
    all_semaphores += count;
    RF_TRY(semaphore_sets().add(*set));
    set->itself_ = set;
    return set.get();
}

bool SemaphoreSet::would_block(const SemaphoreOperation& operation) const {
    const i32 value = semaphores_[operation.number].value;
    return operation.change == 0 ? value != 0 : value + operation.change < 0;
}

/// Erange if the value or what is to be undone would be out of bounds.
Fallible<void> SemaphoreSet::apply(const SemaphoreOperation& operation, SemaphoreUndo* undo) {
    const i32 value = semaphores_[operation.number].value + operation.change;
    const bool undoes = wants_undo(operation);
    if (value > semaphore_limits::largest_value ||
        (undoes && !undo->has_room(operation.number, operation.change))) {
        return Error{Errno::Erange};
    }
    if (undoes) {
        undo->note(operation.number, operation.change);
    }
    semaphores_[operation.number].value = value;
    return {};
}

void SemaphoreSet::revert(std::span<const SemaphoreOperation> operations, SemaphoreUndo* undo) {
    for (const SemaphoreOperation& operation : operations) {
        semaphores_[operation.number].value -= operation.change;
        if (wants_undo(operation)) {
            undo->note(operation.number, static_cast<i16>(-operation.change));
        }
    }
}

Fallible<bool> SemaphoreSet::attempt(SemaphoreWaiter& waiter) {
    const auto operations = waiter.operations;
    for (usize done = 0; done < operations.size(); ++done) {
        const SemaphoreOperation& operation = operations[done];
        const bool blocks = would_block(operation);
        const auto applied = blocks ? Fallible<void>{} : apply(operation, waiter.undo);
        if (!blocks && applied) {
            continue;
        }
        revert(operations.first(done), waiter.undo);
        if (!blocks) {
            return Error{applied.error()};
        }
        if (SemaphoreOperation::NoWait::test(operation.flags)) {
            return Error{Errno::Eagain};
        }
        waiter.blocking = &operation;
        return false;
    }
    for (const SemaphoreOperation& operation : operations) {
        semaphores_[operation.number].last_process = waiter.process;
    }
    operation_time_ = ipc_time_now();
    return true;
}

bool SemaphoreSet::serve(bool altering) {
    for (SemaphoreWaiter& waiter : waiters_) {
        if (waiter.alters != altering) {
            continue;
        }
        const auto attempted = attempt(waiter);
        if (attempted && !attempted.value()) {
            continue;
        }
        finish_wait(waiter, attempted ? Fallible<void>{} : Error{attempted.error()});
        if (attempted && altering) {
            return true;
        }
    }
    return false;
}

/// Who waits for 0 comes first: what the others do may take that away again.
void SemaphoreSet::serve_all() {
    do {
        serve(false);
    } while (serve(true));
}

Fallible<void> SemaphoreSet::operate(std::span<const SemaphoreOperation> operations,
                                     SemaphoreUndo* undo, u64 deadline) {
    SemaphoreWaiter self{.operations = operations,
                         .undo = undo,
                         .alters = alter(operations),
                         .process = current_process().id(),
                         .thread = current_thread()};
    RF_TRY_ASSIGN(done, attempt(self));
    if (done) {
        if (self.alters) {
            serve_all();
        }
        return {};
    }
    const Ref<SemaphoreSet> held(this);
    waiters_.push_back(self);
    switch (sleep_until_finished(self, deadline)) {
        case WakeReason::Woken:
            break;
        case WakeReason::TimedOut:
            return Error{Errno::Eagain};
        case WakeReason::Interrupted:
            return Error{Errno::Eintr};
    }
    return self.outcome;
}

void SemaphoreSet::set_value(u32 number, i32 value) {
    for (SemaphoreUndo& undo : undos_) {
        undo.changes[number] = 0;
    }
    semaphores_[number] = {.value = value, .last_process = current_process().id()};
    change_time_ = ipc_time_now();
    serve_all();
}

void SemaphoreSet::set_values(std::span<const u16> values) {
    for (SemaphoreUndo& undo : undos_) {
        std::fill(undo.changes.begin(), undo.changes.end(), i16{0});
    }
    for (usize number = 0; number < values.size(); ++number) {
        semaphores_[number] = {.value = values[number], .last_process = current_process().id()};
    }
    change_time_ = ipc_time_now();
    serve_all();
}

void SemaphoreSet::undo(const SemaphoreUndo& undo) {
    for (usize number = 0; number < semaphores_.size(); ++number) {
        if (undo.changes[number] != 0) {
            Semaphore& semaphore = semaphores_[number];
            semaphore.value = std::clamp(semaphore.value + undo.changes[number], 0,
                                         semaphore_limits::largest_value);
            semaphore.last_process = current_process().id();
        }
    }
    operation_time_ = ipc_time_now();
    serve_all();
}

Fallible<void> SemaphoreSet::change(const IpcPermissionImage& wanted) {
    RF_TRY(change_owner(wanted));
    change_time_ = ipc_time_now();
    return {};
}

void SemaphoreSet::remove() {
    while (SemaphoreUndo* const undo = undos_.front()) {
        delete undo;
    }
    for (SemaphoreWaiter& waiter : waiters_) {
        finish_wait(waiter, Error{Errno::Eidrm});
    }
    semaphore_sets().remove(*this);
    itself_ = nullptr;  // perhaps the last reference: nothing may follow
}

u32 SemaphoreSet::count_waiting(u32 number, bool for_zero) const {
    u32 count = 0;
    for (const SemaphoreWaiter& waiter : waiters_) {
        const SemaphoreOperation& operation = *waiter.blocking;
        count += operation.number == number && (operation.change == 0) == for_zero ? 1 : 0;
    }
    return count;
}

u32 SemaphoreSet::waiting_for_more(u32 number) const {
    return count_waiting(number, false);
}

u32 SemaphoreSet::waiting_for_zero(u32 number) const {
    return count_waiting(number, true);
}

}  // namespace ringfence::kernel
