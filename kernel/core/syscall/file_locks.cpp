// SPDX-License-Identifier: MIT
// Advisory locks: of records (fcntl) and of files (flock).
#include "kernel/core/syscall/file_locks.h"

#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

/// `struct flock`. [linux/abi]: include/uapi/asm-generic/fcntl.h
struct RecordLock {
    i16 type;
    i16 whence;
    i32 padding;
    i64 start;
    i64 length;
    i32 process;
    i32 padding_2;
};
static_assert(sizeof(RecordLock) == 32);

/// F_GETLK's answer for locks that belong to no process.
constexpr i32 no_process = -1;

/// Where the offsets of a lock begin.
Fallible<i64> base_of(const OpenFile& file, i16 whence) {
    switch (whence) {
        case static_cast<i16>(SeekFrom::Start):
            return i64{0};
        case static_cast<i16>(SeekFrom::Current):
            return static_cast<i64>(file.position);
        case static_cast<i16>(SeekFrom::End):
            return static_cast<i64>(file.inode().size());
        default:
            return Error{Errno::Einval};
    }
}

/// The bytes that `wanted` means: from its start on, or before it if the length is negative.
Fallible<void> set_range(FileLock& lock, const OpenFile& file, const RecordLock& wanted) {
    RF_TRY_ASSIGN(base, base_of(file, wanted.whence));
    i64 first = 0;
    if (__builtin_add_overflow(base, wanted.start, &first)) {
        return Error{Errno::Eoverflow};
    }
    if (first < 0 || (wanted.length < 0 && first + wanted.length < 0)) {
        return Error{Errno::Einval};
    }
    i64 last = static_cast<i64>(FileLock::no_end);
    if (wanted.length > 0 && __builtin_add_overflow(first, wanted.length - 1, &last)) {
        return Error{Errno::Eoverflow};
    }
    if (wanted.length < 0) {
        last = first - 1;
        first += wanted.length;
    }
    lock.first = static_cast<u64>(first);
    lock.last = static_cast<u64>(last);
    return {};
}

i32 current_id() {
    return static_cast<i32>(current_process().id());
}

const void* owner_of(const OpenFile& file, LockKind kind) {
    return kind == LockKind::Process ? static_cast<const void*>(current_process().files.get())
                                     : &file;
}

Fallible<FileLock> lock_from(const OpenFile& file, LockKind kind, const RecordLock& wanted) {
    FileLock lock{.kind = kind,
                  .type = LockType::None,
                  .owner = owner_of(file, kind),
                  .process = kind == LockKind::Process ? current_id() : no_process};
    RF_TRY(set_range(lock, file, wanted));
    if (wanted.type < 0 || wanted.type > static_cast<i16>(LockType::None)) {
        return Error{Errno::Einval};
    }
    lock.type = static_cast<LockType>(wanted.type);
    return lock;
}

/// Takes the lock, or gives it back. True if others may have run meanwhile.
Fallible<bool> apply(Inode& inode, const FileLock& lock, bool may_wait) {
    const bool gives_back = lock.type == LockType::None;
    if (gives_back && inode.locks() == nullptr) {
        return false;
    }
    RF_TRY_ASSIGN(locks, inode.make_locks());
    if (gives_back || locks->conflicting(lock) == nullptr) {
        RF_TRY(locks->set(lock));
        return false;
    }
    if (!may_wait) {
        return Error{Errno::Eagain};
    }
    RF_TRY(locks->wait_and_set(lock));
    return true;
}

bool open_for(const OpenFile& file, LockType type) {
    switch (type) {
        case LockType::Shared:
            return file.flags().readable();
        case LockType::Exclusive:
            return file.flags().writable();
        case LockType::None:
            break;
    }
    return true;
}

}  // namespace

Value get_lock(OpenFile& file, LockKind kind, Pointer lock) {
    RF_TRY_ASSIGN(answer, read_user<RecordLock>(lock));
    if (answer.type == static_cast<i16>(LockType::None)) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(wanted, lock_from(file, kind, answer));
    if (kind == LockKind::OpenFile && answer.process != 0) {
        return Error{Errno::Einval};
    }
    const FileLocks* const locks = file.inode().locks();
    const FileLock* const found = locks == nullptr ? nullptr : locks->conflicting(wanted);
    answer.type = static_cast<i16>(found == nullptr ? LockType::None : found->type);
    if (found != nullptr) {
        answer.whence = static_cast<i16>(SeekFrom::Start);
        answer.start = static_cast<i64>(found->first);
        answer.length =
            found->last == FileLock::no_end ? 0 : static_cast<i64>(found->last - found->first + 1);
        answer.process = found->process;
    }
    RF_TRY(write_user(lock, answer));
    return u64{0};
}

Value set_lock(i32 descriptor, LockKind kind, Pointer lock, bool wait) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    RF_TRY_ASSIGN(request, read_user<RecordLock>(lock));
    RF_TRY_ASSIGN(wanted, lock_from(*file, kind, request));
    if (!open_for(*file, wanted.type)) {
        return Error{Errno::Ebadf};
    }
    if (kind == LockKind::OpenFile && request.process != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(waited, apply(file->inode(), wanted, wait));
    if (!waited || kind != LockKind::Process) {
        return u64{0};
    }
    // Another thread may have closed the descriptor meanwhile, and then nobody would give it back.
    const auto now = file_of(descriptor);
    if (!now || now.value() != file) {
        file->inode().drop_locks(wanted.owner);
        return Error{Errno::Ebadf};
    }
    return u64{0};
}

Nothing flock(i32 descriptor, u32 operation) {
    using NonBlocking = Flag<2, u32>;  // LOCK_NB
    LockType type = LockType::None;
    switch (operation & ~NonBlocking::mask) {
        case 1:  // LOCK_SH
            type = LockType::Shared;
            break;
        case 2:  // LOCK_EX
            type = LockType::Exclusive;
            break;
        case 8:  // LOCK_UN
            break;
        default:
            return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (file->flags().path_only()) {
        return Error{Errno::Ebadf};
    }
    FileLock lock{
        .kind = LockKind::WholeFile, .type = type, .owner = file.get(), .process = current_id()};
    FileLocks* const locks = file->inode().locks();
    if (locks != nullptr && type != LockType::None && locks->conflicting(lock) != nullptr) {
        // Changing a lock is giving it back and taking another: who cannot have it loses both.
        // [linux/abi]: flock(2), "Converting a lock"
        FileLock given_back = lock;
        given_back.type = LockType::None;
        RF_TRY(locks->set(given_back));
    }
    RF_TRY(apply(file->inode(), lock, !NonBlocking::test(operation)));
    return {};
}

}  // namespace ringfence::kernel::syscalls
