// SPDX-License-Identifier: MIT
// Numbers and addresses in network byte order, at any alignment.
#pragma once

#include "kernel/net/address.h"

namespace ringfence::kernel::net {

[[nodiscard]] constexpr u16 load_be16(const u8* from) {
    return static_cast<u16>(from[0] << 8 | from[1]);
}
[[nodiscard]] constexpr u32 load_be32(const u8* from) {
    return u32{load_be16(from)} << 16 | load_be16(from + 2);
}
[[nodiscard]] constexpr u64 load_be64(const u8* from) {
    return u64{load_be32(from)} << 32 | load_be32(from + 4);
}
constexpr void store_be16(u8* to, u16 value) {
    to[0] = static_cast<u8>(value >> 8);
    to[1] = static_cast<u8>(value);
}
constexpr void store_be32(u8* to, u32 value) {
    store_be16(to, static_cast<u16>(value >> 16));
    store_be16(to + 2, static_cast<u16>(value));
}
constexpr void store_be64(u8* to, u64 value) {
    store_be32(to, static_cast<u32>(value >> 32));
    store_be32(to + 4, static_cast<u32>(value));
}
/// The sixteen bytes of an IPv6 address.
[[nodiscard]] constexpr IpAddress load_address(const u8* from) {
    return {load_be64(from), load_be64(from + 8)};
}
constexpr void store_address(u8* to, const IpAddress& address) {
    store_be64(to, address.high);
    store_be64(to + 8, address.low);
}

}  // namespace ringfence::kernel::net
