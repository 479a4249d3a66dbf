// SPDX-License-Identifier: MIT
// The only way to the memory of the running program. A pointer that is bad, or whose page cannot be
// supplied, gives an error: never a kernel fault. Pages are faulted in on the way, so the caller
// may sleep and must hold nothing that the page-fault handler needs.
#pragma once

#include "base/address.h"
#include "base/result.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

/// First address that is not a program's: user memory is [0, user_end).
inline constexpr VirtualAddress user_end{0x0000'7fff'ffff'f000};

/// True if all of [start, start + bytes) is in the user half.
[[nodiscard]] constexpr bool is_user_range(VirtualAddress start, u64 bytes) {
    return bytes <= user_end.value() && start.value() <= user_end.value() - bytes;
}

/// False (EFAULT) if not all of the range can be read or written; part may have been copied.
[[nodiscard]] bool copy_from_user(void* to, VirtualAddress from, usize bytes);
[[nodiscard]] bool copy_to_user(VirtualAddress to, const void* from, usize bytes);
[[nodiscard]] bool clear_user(VirtualAddress start, usize bytes);

/// Bytes that could not be copied or cleared; 0 if all were (for transfers that may be short).
[[nodiscard]] usize copy_from_user_partial(void* to, VirtualAddress from, usize bytes);
[[nodiscard]] usize copy_to_user_partial(VirtualAddress to, const void* from, usize bytes);
[[nodiscard]] usize clear_user_partial(VirtualAddress start, usize bytes);

enum class UserStringError : u8 { Fault, TooLong };
/// Copies a NUL-terminated string into `to`; gives its length without the NUL, which is less than
/// `capacity`.
Result<usize, UserStringError> user_string(char* to, VirtualAddress from, usize capacity);

/// Objects by value. `T` must be plain data.
template <typename T>
[[nodiscard]] bool get_user(T& to, VirtualAddress from) {
    return copy_from_user(&to, from, sizeof(T));
}
template <typename T>
[[nodiscard]] bool put_user(VirtualAddress to, const T& from) {
    return copy_to_user(to, &from, sizeof(T));
}

/// Atomically: if *address == expected, *address = desired. `found` gets the old value. False:
/// EFAULT.
[[nodiscard]] bool compare_exchange_user(VirtualAddress address, u32 expected, u32 desired,
                                         u32& found);

}  // namespace ringfence::kernel::arch
