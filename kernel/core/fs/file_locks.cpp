// SPDX-License-Identifier: MIT
#include "kernel/core/fs/file_locks.h"

#include <algorithm>

#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

/// A process's thread that waits for a lock, for as long as it does.
struct LockWait {
    LockWait(const FileLocks& file_locks, const FileLock& lock);
    ~LockWait() { hook.unlink(); }
    LockWait(const LockWait&) = delete;
    LockWait& operator=(const LockWait&) = delete;

    const FileLocks& locks;
    const FileLock& wanted;
    ListHook<LockWait> hook{this};
};

IntrusiveList<LockWait, &LockWait::hook>& all_waits() {
    static IntrusiveList<LockWait, &LockWait::hook> list;
    return list;
}

FileLocks::All& file_lock_list() {
    static FileLocks::All list;
    return list;
}

LockWait::LockWait(const FileLocks& file_locks, const FileLock& lock)
    : locks(file_locks), wanted(lock) {
    all_waits().push_back(*this);
}

/// The lock that keeps the owner of `held` waiting; null if it does not wait.
const FileLock* next_obstacle(const FileLock& held) {
    for (const LockWait& wait : all_waits()) {
        if (wait.wanted.same_owner(held)) {
            return wait.locks.conflicting(wait.wanted);
        }
    }
    return nullptr;
}

/// Whether the owner of `obstacle` waits, by way of others perhaps, for the one who wants `wanted`.
/// Open files are shared, so that nobody can be said to wait in their name.
/// [linux/abi]: fcntl(2), "F_SETLKW ... the kernel ... checks for deadlocks"
bool waits_for_itself(const FileLock& wanted, const FileLock* obstacle) {
    // Threads that share a file table can make circles that the first one is not in.
    constexpr int longest_chain = 10;
    for (int i = 0; i < longest_chain && obstacle != nullptr; ++i) {
        if (obstacle->kind != LockKind::Process) {
            return false;
        }
        if (obstacle->same_owner(wanted)) {
            return true;
        }
        obstacle = next_obstacle(*obstacle);
    }
    return false;
}

/// One behind the other, without a gap.
bool touches(const FileLock& a, const FileLock& b) {
    return a.overlaps(b) || a.last + 1 == b.first || b.last + 1 == a.first;
}

}  // namespace

FileLocks::FileLocks(const Metadata& file) : file_(file) {
    file_lock_list().push_back(*this);
}

FileLocks::~FileLocks() {
    all_hook_.unlink();
}

const FileLocks::All& all_file_locks() {
    return file_lock_list();
}

const FileLock* FileLocks::next_waiting(const FileLock& obstacle, const FileLock* last) const {
    bool behind = last == nullptr;
    for (const LockWait& wait : all_waits()) {
        if (behind && &wait.locks == this && conflicting(wait.wanted) == &obstacle) {
            return &wait.wanted;
        }
        behind = behind || &wait.wanted == last;
    }
    return nullptr;
}

bool FileLock::conflicts(const FileLock& other) const {
    const bool one_kind = (kind == LockKind::WholeFile) == (other.kind == LockKind::WholeFile);
    const bool exclusive = type == LockType::Exclusive || other.type == LockType::Exclusive;
    return one_kind && exclusive && !same_owner(other) && overlaps(other);
}

const FileLock* FileLocks::conflicting(const FileLock& wanted) const {
    const FileLock* const found = std::find_if(
        held_.begin(), held_.end(), [&](const FileLock& lock) { return lock.conflicts(wanted); });
    return found == held_.end() ? nullptr : found;
}

void FileLocks::insert_in_order(Vector<FileLock>& locks, const FileLock& lock) const {
    usize place = locks.size();
    for (usize i = 0; i < locks.size(); ++i) {
        if (locks[i].same_owner(lock)) {
            place = i + 1;
            if (locks[i].first > lock.first) {
                place = i;
                break;
            }
        }
    }
    locks.insert(place, lock);
}

Fallible<void> FileLocks::set(const FileLock& lock) {
    Vector<FileLock> after;
    // The one that is set, and a part on each side of it that another is cut into.
    constexpr usize most_added = 2;
    if (!admit_allocation() || !after.try_reserve(held_.size() + most_added)) {
        return Error{Errno::Enolck};
    }
    FileLock grown = lock;
    for (const FileLock& held : held_) {
        if (!held.same_owner(lock)) {
            after.push_back(held);
        } else if (held.type == lock.type && touches(held, lock)) {
            grown.first = std::min(grown.first, held.first);
            grown.last = std::max(grown.last, held.last);
        } else if (held.overlaps(lock)) {
            FileLock part = held;
            if (held.first < lock.first) {
                part.last = lock.first - 1;
                after.push_back(part);
            }
            if (held.last > lock.last) {
                part.first = lock.last + 1;
                part.last = held.last;
                after.push_back(part);
            }
        } else {
            after.push_back(held);
        }
    }
    if (lock.type != LockType::None) {
        insert_in_order(after, grown);
    }
    held_.swap(after);
    changed_.wake_all();
    return {};
}

Fallible<void> FileLocks::wait_and_set(const FileLock& lock) {
    bool circle = false;
    {
        const LockWait wait(*this, lock);
        RF_TRY(wait_until(changed_, [&] {
            const FileLock* const obstacle = conflicting(lock);
            circle = lock.kind == LockKind::Process && waits_for_itself(lock, obstacle);
            return circle || obstacle == nullptr;
        }));
    }
    return circle ? Fallible<void>(Error{Errno::Edeadlk}) : set(lock);
}

void FileLocks::drop(const void* owner) {
    usize kept = 0;
    for (const FileLock& held : held_) {
        if (held.owner != owner) {
            held_[kept++] = held;
        }
    }
    if (kept < held_.size()) {
        held_.erase(kept, held_.size() - kept);
        changed_.wake_all();
    }
}

}  // namespace ringfence::kernel
