// SPDX-License-Identifier: MIT
// How a program chooses the design that it runs in: two options of prctl(2) that only this kernel
// has.
#pragma once

#include "base/types.h"

namespace ringfence::abi::isolation {

/// prctl(set_choice, choice | flags). Takes effect for the whole process before the call returns.
/// Children of fork inherit it; execve clears it unless keep_on_exec is given, and always if the
/// new program gains privileges by its file.
///   EPERM   the change would take protection away and the caller is not privileged
///   EBUSY   another process uses the same memory (vfork, CLONE_VM)
///   ENOMEM  there is no memory for the page tables
///   EINVAL  no such choice or flag
inline constexpr u32 set_choice = 0x5246'0001;
/// prctl(get_choice): choice | flags, and is_isolated if that is what holds now.
inline constexpr u32 get_choice = 0x5246'0002;

enum class Choice : u32 {
    System = 0,    ///< as the system is, now and when that changes
    Isolated = 1,  ///< on page tables of its own, whatever the system does
    Shared = 2,    ///< on the kernel's, whatever the system does
};

inline constexpr u32 choice_mask = 0x0f;
inline constexpr u32 keep_on_exec = 0x10;
inline constexpr u32 is_isolated = 0x100;

}  // namespace ringfence::abi::isolation
