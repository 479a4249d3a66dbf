// SPDX-License-Identifier: MIT
// The advisory locks of one file. [linux/abi]: fcntl(2), "Advisory record locking" and "Open file
// description locks"; flock(2)
#pragma once

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/vector.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/metadata.h"
#include "kernel/core/scheduler/wait_queue.h"

namespace ringfence::kernel {

/// Whose a lock is. Those of processes and of open files conflict with each other, those of whole
/// files (flock) only with their own kind.
enum class LockKind : u8 { Process, OpenFile, WholeFile };

/// [linux/abi]: F_RDLCK, F_WRLCK, F_UNLCK
enum class LockType : u8 { Shared, Exclusive, None };

struct FileLock {
    /// The offset of the last byte that a file can have: a lock up to there has no end.
    static constexpr u64 no_end = ~u64{0} >> 1;

    LockKind kind;
    LockType type;
    /// The process's file table or the open file, which outlives its locks; only compared.
    const void* owner;
    i32 process;  ///< who took it, for F_GETLK
    u64 first = 0;
    u64 last = no_end;  ///< the last byte that is locked, not the one behind it

    [[nodiscard]] bool same_owner(const FileLock& other) const {
        return owner == other.owner && kind == other.kind;
    }
    [[nodiscard]] bool overlaps(const FileLock& other) const {
        return first <= other.last && other.first <= last;
    }
    [[nodiscard]] bool conflicts(const FileLock& other) const;
};

class FileLocks : public Counted<FileLocks> {
public:
    /// Of the file that `file` describes, which lives longer; for /proc/locks.
    explicit FileLocks(const Metadata& file);
    ~FileLocks();
    FileLocks(const FileLocks&) = delete;
    FileLocks& operator=(const FileLocks&) = delete;

    /// A lock that forbids `wanted`; null if none does.
    [[nodiscard]] const FileLock* conflicting(const FileLock& wanted) const;
    /// Makes the range of `lock` its owner's in its type, or nobody's with LockType::None, whatever
    /// the owner had there before. The caller has found that nothing conflicts. Enolck if there is
    /// no memory; nothing is changed then.
    Fallible<void> set(const FileLock& lock);
    /// Waits until nothing conflicts, then sets the lock. RestartIfFlagged if a signal comes first;
    /// Edeadlk if processes would wait for each other in a circle.
    Fallible<void> wait_and_set(const FileLock& lock);
    /// What `owner` has goes.
    void drop(const void* owner);
    /// Nobody has a lock, or waits for one.
    [[nodiscard]] bool unused() const { return held_.empty() && changed_.empty(); }

    [[nodiscard]] const Metadata& file() const { return file_; }
    [[nodiscard]] const Vector<FileLock>& held() const { return held_; }
    /// Calls `visit` for each lock that somebody waits for because of `obstacle`, one that is held.
    template <typename Visit>
    void for_each_waiting(const FileLock& obstacle, Visit visit) const {
        for (const FileLock* wanted = next_waiting(obstacle, nullptr); wanted != nullptr;
             wanted = next_waiting(obstacle, wanted)) {
            visit(*wanted);
        }
    }

private:
    /// The one after `last`, or the first; null if there is none.
    [[nodiscard]] const FileLock* next_waiting(const FileLock& obstacle,
                                               const FileLock* last) const;
    void insert_in_order(Vector<FileLock>& locks, const FileLock& lock) const;

    Vector<FileLock> held_;  ///< each owner's together, by offset; they neither overlap nor touch
    WaitQueue changed_;
    const Metadata& file_;
    ListHook<FileLocks> all_hook_{this};

public:
    using All = IntrusiveList<FileLocks, &FileLocks::all_hook_>;
};

/// Of all files that have had some.
[[nodiscard]] const FileLocks::All& all_file_locks();

}  // namespace ringfence::kernel
