// SPDX-License-Identifier: MIT
// What the System V calls have in common.
#pragma once

#include "kernel/core/ipc/ipc_registry.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

/// Commands that all three control calls know. [linux/abi]: include/uapi/linux/ipc.h
namespace ipc_commands {
inline constexpr i32 remove = 0;
inline constexpr i32 set = 1;
inline constexpr i32 status = 2;
inline constexpr i32 information = 3;
}  // namespace ipc_commands

/// shmget and its kin: the number of the object called `key`, which `fits()` accepts or refuses, or
/// of the one that `make()` makes.
template <typename T, typename Fits, typename Make>
Value find_or_make(const IpcRegistryOf<T>& registry, i32 key, u32 flags, Fits fits, Make make) {
    if (T* const found = registry.find_key(key)) {
        if (ipc_bits::Create::test(flags) && ipc_bits::Exclusive::test(flags)) {
            return Error{Errno::Eexist};
        }
        RF_TRY(fits(*found));
        RF_TRY(found->check_access(current_process().credentials, flags));
        return u64{found->id()};
    }
    if (key != ipc_private && !ipc_bits::Create::test(flags)) {
        return Error{Errno::Enoent};
    }
    RF_TRY_ASSIGN(made, make());
    return u64{made->id()};
}

/// Whom a status command means: the object of a number, or of a place.
enum class IpcLookup : u8 { Number, Place, AnyPlace };

/// The object whose status is asked for; AnyPlace asks for no permission.
template <typename T>
Fallible<T*> status_subject(const IpcRegistryOf<T>& registry, i32 id, IpcLookup how) {
    RF_TRY_ASSIGN(found, how == IpcLookup::Number ? registry.find(id) : registry.find_place(id));
    if (how != IpcLookup::AnyPlace) {
        RF_TRY(found->check_access(current_process().credentials, ipc_access::read));
    }
    return found;
}
/// What a status command returns: 0, or the number of what is at the place.
[[nodiscard]] inline Value status_result(const IpcObject& subject, IpcLookup how) {
    return how == IpcLookup::Number ? u64{0} : u64{subject.id()};
}

/// The object of number `id`, for those who may change it.
template <typename T>
Fallible<T*> controlled_object(const IpcRegistryOf<T>& registry, i32 id) {
    RF_TRY_ASSIGN(found, registry.find(id));
    RF_TRY(found->check_control(current_process().credentials));
    return found;
}

}  // namespace ringfence::kernel::syscalls
