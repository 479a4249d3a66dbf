// SPDX-License-Identifier: MIT
// The only way by which the core touches a program's memory. Every pointer is a number from
// outside: a bad one gives Efault, whatever it is.
#pragma once

#include <span>
#include <type_traits>

#include "base/address.h"
#include "kernel/core/containers/string.h"
#include "kernel/core/errors.h"

namespace ringfence::kernel {

Fallible<void> read_user_bytes(VirtualAddress from, std::span<u8> to);
Fallible<void> write_user_bytes(VirtualAddress to, std::span<const u8> from);
Fallible<void> clear_user_bytes(VirtualAddress to, u64 count);

/// For transfers that may be short: how many bytes were copied or cleared, all up to the first
/// whose address is bad.
[[nodiscard]] u64 read_user_part(VirtualAddress from, std::span<u8> to);
[[nodiscard]] u64 write_user_part(VirtualAddress to, std::span<const u8> from);
[[nodiscard]] u64 clear_user_part(VirtualAddress to, u64 count);

/// A NUL-terminated string of at most `limit` bytes without the NUL; `too_long` if it has none by
/// then.
Fallible<String> read_user_string(VirtualAddress from, usize limit, Errno too_long);
/// A file name: at most 4095 bytes, else Enametoolong.
Fallible<String> read_user_path(VirtualAddress from);

/// A plain structure, as programs lay it out.
template <typename T>
    requires std::is_trivially_copyable_v<T>
Fallible<T> read_user(VirtualAddress from) {
    T value{};
    RF_TRY(read_user_bytes(from, {reinterpret_cast<u8*>(&value), sizeof(T)}));
    return value;
}
template <typename T>
    requires std::is_trivially_copyable_v<T>
Fallible<void> write_user(VirtualAddress to, const T& value) {
    return write_user_bytes(to, {reinterpret_cast<const u8*>(&value), sizeof(T)});
}
/// The same, where a null pointer means that the program does not want to know.
template <typename T>
Fallible<void> write_user_if_wanted(VirtualAddress to, const T& value) {
    return to == VirtualAddress{} ? Fallible<void>{} : write_user(to, value);
}

}  // namespace ringfence::kernel
