// SPDX-License-Identifier: MIT
// Socket addresses as programs write them: a family and bytes that only the family understands.
#pragma once

#include <cstring>
#include <span>
#include <type_traits>

#include "base/types.h"

namespace ringfence::kernel {

/// [linux/abi]: include/linux/socket.h
enum class AddressFamily : u16 { Unspecified = 0, Unix = 1, Inet = 2, Inet6 = 10, Netlink = 16 };

/// `struct sockaddr` of any family with its length. The bytes behind `size` mean nothing.
struct SocketAddress {
    static constexpr u32 most_bytes = 128;  // struct sockaddr_storage

    u8 bytes[most_bytes];  // NOLINT: large, and filled by whoever sets the size
    u32 size = 0;

    /// Unspecified if it is too short to have a family.
    [[nodiscard]] AddressFamily family() const {
        u16 value = 0;
        if (size >= sizeof(value)) {
            std::memcpy(&value, bytes, sizeof(value));
        }
        return static_cast<AddressFamily>(value);
    }
    [[nodiscard]] std::span<const u8> used() const { return {bytes, size}; }

    /// The address as its family lays it out; the caller has looked at `size`.
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    [[nodiscard]] T as() const {
        static_assert(sizeof(T) <= most_bytes);
        T value;
        std::memcpy(&value, bytes, sizeof(T));
        return value;
    }
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    [[nodiscard]] static SocketAddress from(const T& value, u32 size = sizeof(T)) {
        static_assert(sizeof(T) <= most_bytes);
        SocketAddress address;
        std::memcpy(address.bytes, &value, sizeof(T));
        address.size = size;
        return address;
    }
};

}  // namespace ringfence::kernel
