// SPDX-License-Identifier: MIT
// A set of System V semaphores. [linux/abi]: semop(2), semctl(2)
#pragma once

#include <span>

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/ipc/ipc_registry.h"
#include "kernel/core/ipc/semaphore_undo.h"

namespace ringfence::kernel {

class Thread;

/// [linux/abi]: include/uapi/linux/sem.h
namespace semaphore_limits {
inline constexpr usize most_sets = 32000;
inline constexpr u32 most_per_set = 32000;
inline constexpr u32 most_of_all = most_sets * most_per_set;
inline constexpr u32 most_operations = 500;
inline constexpr i32 largest_value = 32767;
}  // namespace semaphore_limits

/// `struct sembuf`.
struct SemaphoreOperation {
    using NoWait = ipc_bits::NoWait;
    using Undo = Flag<12, u32>;

    u16 number;
    i16 change;  ///< 0: wait until the value is 0
    u16 flags;
};
static_assert(sizeof(SemaphoreOperation) == 6);

/// A thread that waits until its operations can be done; whoever changes the set does them for it.
struct SemaphoreWaiter {
    std::span<const SemaphoreOperation> operations;
    SemaphoreUndo* undo;
    bool alters;  ///< not all of its operations wait for 0
    u32 process;
    Thread& thread;
    const SemaphoreOperation* blocking = nullptr;  ///< the one that could not be done
    bool finished = false;
    Fallible<void> outcome{};  ///< once it is finished
    ListHook<SemaphoreWaiter> hook{this};
};

/// True unless all of them wait for 0.
[[nodiscard]] bool alter(std::span<const SemaphoreOperation> operations);

/// Keeps itself until it is removed; threads that wait keep it longer.
class SemaphoreSet final : public RefCounted, public IpcObject, public Counted<SemaphoreSet> {
public:
    /// Enospc if there are too many sets or semaphores; Enomem.
    static Fallible<SemaphoreSet*> create(i32 key, u32 flags, u32 count,
                                          const Credentials& creator);
    ~SemaphoreSet() override;

    [[nodiscard]] u32 count() const { return static_cast<u32>(semaphores_.size()); }
    [[nodiscard]] i32 value(u32 number) const { return semaphores_[number].value; }
    /// The process that changed it last; 0: none yet.
    [[nodiscard]] u32 last_process(u32 number) const { return semaphores_[number].last_process; }
    /// Threads that wait for it to grow, or to become 0.
    [[nodiscard]] u32 waiting_for_more(u32 number) const;
    [[nodiscard]] u32 waiting_for_zero(u32 number) const;
    // Seconds since 1970; 0: never.
    [[nodiscard]] i64 operation_time() const { return operation_time_; }
    [[nodiscard]] i64 change_time() const { return change_time_; }

    /// All of `operations`, whose numbers are below count(), or none, for the running thread, which
    /// waits until they can be done. `undo` is for those that want it, and may be null if none
    /// does. Eagain at the deadline or instead of waiting, Erange, Eintr, Eidrm.
    Fallible<void> operate(std::span<const SemaphoreOperation> operations, SemaphoreUndo* undo,
                           u64 deadline);
    /// SETVAL and SETALL: values are 0 to largest_value. What processes wanted undone is forgotten.
    void set_value(u32 number, i32 value);
    void set_values(std::span<const u16> values);
    /// Gives back what a process that ends has taken.
    void undo(const SemaphoreUndo& undo);
    /// IPC_SET.
    Fallible<void> change(const IpcPermissionImage& wanted);
    /// Whoever waits gets Eidrm.
    void remove();

    /// Of this set, by process.
    [[nodiscard]] SemaphoreUndoOfSet& undos() { return undos_; }

private:
    struct Semaphore {
        i32 value = 0;
        u32 last_process = 0;
    };

    SemaphoreSet(i32 key, u32 flags, const Credentials& creator);
    [[nodiscard]] bool would_block(const SemaphoreOperation& operation) const;
    Fallible<void> apply(const SemaphoreOperation& operation, SemaphoreUndo* undo);
    void revert(std::span<const SemaphoreOperation> operations, SemaphoreUndo* undo);
    /// True if all was done, false if the thread has to wait.
    Fallible<bool> attempt(SemaphoreWaiter& waiter);
    /// Does what can be done now, of those that alter the set or of those that do not: at most one
    /// of those that do. True if values have changed.
    bool serve(bool altering);
    void serve_all();
    [[nodiscard]] u32 count_waiting(u32 number, bool for_zero) const;

    Vector<Semaphore> semaphores_;
    Ref<SemaphoreSet> itself_;  ///< until it is removed
    SemaphoreUndoOfSet undos_;
    /// In the order in which they came.
    IntrusiveList<SemaphoreWaiter, &SemaphoreWaiter::hook> waiters_;
    i64 operation_time_ = 0;
    i64 change_time_;
};

IpcRegistryOf<SemaphoreSet>& semaphore_sets();
/// Semaphores of all sets.
[[nodiscard]] u32 semaphore_count();

}  // namespace ringfence::kernel
