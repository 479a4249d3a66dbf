// SPDX-License-Identifier: MIT
// The parts of NETLINK_ROUTE, by what they tell of. `head`: of each answer, but for its type.
#pragma once

#include "kernel/core/netlink/route.h"

namespace ringfence::kernel::netlink {

inline constexpr u8 any_family = 0;
inline constexpr u8 inet_family = 2;
inline constexpr u8 inet6_family = 10;
/// `struct rtgenmsg`, with which every request begins: AF_UNSPEC, AF_INET or AF_INET6.
[[nodiscard]] inline u8 family_of(const RouteRequest& request) {
    return request.payload[0];
}
/// True if who asks for `wanted` is to hear of `address`.
[[nodiscard]] inline bool is_of(const net::IpAddress& address, u8 wanted) {
    return wanted == any_family || (wanted == inet6_family) != address.is_v4();
}

/// RTM_GETLINK. Enodev if there is no such interface, Einval if none is named.
Fallible<void> answer_link(const RouteRequest& request, Header head, const InterfaceFacts& facts,
                           Writer& to);
void list_links(Header head, const InterfaceFacts& facts, Writer& to);

/// RTM_GETADDR: Linux answers for IPv6 only. Eaddrnotavail if nobody has it.
Fallible<void> answer_address(const RouteRequest& request, Header head, Writer& to);
void list_addresses(u8 family, Header head, Writer& to);

/// RTM_GETROUTE: the way to an address. Enetunreach if there is no way there.
Fallible<void> answer_route_to(const RouteRequest& request, Header head, Writer& to);
void list_routes(u8 family, Header head, Writer& to);

}  // namespace ringfence::kernel::netlink
