// SPDX-License-Identifier: MIT
// Numbers in network byte order, at any alignment.
#pragma once

#include "base/types.h"

namespace ringfence::kernel::net {

[[nodiscard]] constexpr u16 load_be16(const u8* from) {
    return static_cast<u16>(from[0] << 8 | from[1]);
}
[[nodiscard]] constexpr u32 load_be32(const u8* from) {
    return u32{load_be16(from)} << 16 | load_be16(from + 2);
}
constexpr void store_be16(u8* to, u16 value) {
    to[0] = static_cast<u8>(value >> 8);
    to[1] = static_cast<u8>(value);
}
constexpr void store_be32(u8* to, u32 value) {
    store_be16(to, static_cast<u16>(value >> 16));
    store_be16(to + 2, static_cast<u16>(value));
}

}  // namespace ringfence::kernel::net
