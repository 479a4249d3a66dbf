// SPDX-License-Identifier: MIT
// IP addresses in attributes: four bytes or sixteen, in network byte order.
#pragma once

#include <optional>

#include "kernel/core/netlink/route_parts.h"
#include "kernel/net/byte_order.h"

namespace ringfence::kernel::netlink {

inline void add_ip(Writer& to, u16 type, const net::IpAddress& address) {
    u8 bytes[16];
    if (address.is_v4()) {
        net::store_be32(bytes, address.v4());
        to.add_bytes(type, std::span<const u8>(bytes).first(sizeof(u32)));
    } else {
        net::store_address(bytes, address);
        to.add_bytes(type, bytes);
    }
}

/// Nothing if the attribute is too short for an address of the family.
[[nodiscard]] inline std::optional<net::IpAddress> ip_in(std::span<const u8> attribute, u8 family) {
    if (family == inet_family && attribute.size() >= sizeof(u32)) {
        return net::from_v4(net::load_be32(attribute.data()));
    }
    if (family == inet6_family && attribute.size() >= sizeof(net::IpAddress)) {
        return net::load_address(attribute.data());
    }
    return std::nullopt;
}

}  // namespace ringfence::kernel::netlink
