// SPDX-License-Identifier: MIT
// What shared memory segments, semaphore sets and message queues have in common: a name, an owner
// and permissions. [linux/abi]: sysvipc(7)
#pragma once

#include "base/bits.h"
#include "kernel/core/errors.h"
#include "kernel/core/process/credentials.h"

namespace ringfence::kernel {

/// What shmget, semget and msgget are asked for, beside the size. [linux/abi]:
/// include/uapi/linux/ipc.h
namespace ipc_bits {
using Permissions = Bitfield<0, 9, u32>;
using Create = Flag<9, u32>;
using Exclusive = Flag<10, u32>;
using NoWait = Flag<11, u32>;  ///< semop, msgsnd, msgrcv
}  // namespace ipc_bits

/// Read (4), write (2) and execute (1) for each of owner, group and others: an access asks for the
/// bits of one or of all of them.
namespace ipc_access {
inline constexpr u32 read = 0444;
inline constexpr u32 write = 0222;
inline constexpr u32 execute = 0111;
}  // namespace ipc_access

/// The key that names nothing: each use makes a new object.
inline constexpr i32 ipc_private = 0;

/// Seconds since 1970, as the objects are stamped.
[[nodiscard]] inline i64 ipc_time_now() {
    return to_timespec(realtime_now()).seconds;
}

/// `struct ipc64_perm`.
struct IpcPermissionImage {
    i32 key;
    u32 user;
    u32 group;
    u32 creator_user;
    u32 creator_group;
    u32 mode;
    u16 sequence;
    u16 padding;
    u64 unused[2];
};
static_assert(sizeof(IpcPermissionImage) == 48);

class IpcObject {
public:
    /// Made by `creator`, who owns it until IPC_SET says otherwise; `flags` are ipc_bits.
    IpcObject(i32 key, u32 flags, const Credentials& creator);

    [[nodiscard]] i32 key() const { return key_; }
    [[nodiscard]] u32 id() const { return id_; }
    /// Permissions, and what a kind adds to them.
    [[nodiscard]] u32 mode() const { return mode_; }
    [[nodiscard]] u32 user() const { return user_; }
    [[nodiscard]] u32 group() const { return group_; }
    [[nodiscard]] u32 creator_user() const { return creator_user_; }
    [[nodiscard]] u32 creator_group() const { return creator_group_; }

    /// Eacces unless `who` may do all of `wanted`: ipc_access, or the flags of a get call.
    Fallible<void> check_access(const Credentials& who, u32 wanted) const;
    /// Eperm unless `who` is the owner, the maker or privileged.
    Fallible<void> check_control(const Credentials& who) const;
    /// IPC_SET. Einval for an owner that cannot be.
    Fallible<void> change_owner(const IpcPermissionImage& wanted);
    [[nodiscard]] IpcPermissionImage image() const;

protected:
    ~IpcObject() = default;
    void set_mode_bits(u32 bits) { mode_ |= bits; }
    void clear_mode_bits(u32 bits) { mode_ &= ~bits; }
    /// No get call finds it from now on.
    void forget_key() { key_ = ipc_private; }

private:
    friend class IpcRegistry;
    [[nodiscard]] bool is_owner(u32 user) const { return user == user_ || user == creator_user_; }

    i32 key_;
    u32 user_;
    u32 group_;
    u32 creator_user_;
    u32 creator_group_;
    u32 mode_;
    u32 id_ = 0;
};

}  // namespace ringfence::kernel
