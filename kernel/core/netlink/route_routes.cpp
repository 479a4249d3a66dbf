// SPDX-License-Identifier: MIT
#include "kernel/core/netlink/ip_attribute.h"
#include "kernel/core/netlink/route_parts.h"

namespace ringfence::kernel::netlink {

namespace {

/// `struct rtmsg`.
struct RouteMessage {
    u8 family;
    u8 destination_length;
    u8 source_length;
    u8 type_of_service;
    u8 table;
    u8 protocol;
    u8 scope;
    u8 type;
    u32 flags;
};
static_assert(sizeof(RouteMessage) == 12);

/// [linux/abi]: include/uapi/linux/rtnetlink.h
namespace attributes {
constexpr u16 destination = 1;
constexpr u16 interface = 4;
constexpr u16 priority = 6;
constexpr u16 preferred_source = 7;
constexpr u16 table = 15;
constexpr u16 preference = 20;
constexpr u16 user = 25;
}  // namespace attributes

constexpr u8 main_table = 254;
constexpr u8 local_table = 255;
constexpr u8 by_kernel = 2;  // RTPROT_KERNEL
constexpr u8 everywhere = 0;
constexpr u8 on_link = 253;
constexpr u8 on_host = 254;
constexpr u8 local = 2;
constexpr u8 broadcast = 3;
using LookedUp = Flag<9, u32>;        // RTM_F_CLONED
using ToThisMachine = Flag<31, u32>;  // RTCF_LOCAL

struct Route {
    net::IpAddress destination;
    u8 prefix_length;
    u8 scope;
    u8 type;
};

/// As Linux makes them, in the table of local addresses, for an interface lo that is up.
constexpr Route routes[] = {
    {net::ipv4(127, 0, 0, 0), 8, on_host, local},
    {net::loopback_v4, 32, on_host, local},
    {net::ipv4(127, 255, 255, 255), 32, on_link, broadcast},
    {net::loopback_v6, 128, everywhere, local},
};

RouteMessage start_of(const Route& route) {
    const bool v4 = route.destination.is_v4();
    return {.family = v4 ? inet_family : inet6_family,
            .destination_length = route.prefix_length,
            .source_length = 0,
            .type_of_service = 0,
            .table = local_table,
            .protocol = by_kernel,
            .scope = route.scope,
            .type = route.type,
            .flags = 0};
}

void write_route(const RouteMessage& start, const net::IpAddress& destination,
                 std::optional<net::IpAddress> source, const Header& head, Writer& to,
                 std::optional<u32> user = {}) {
    to.begin(head, start);
    to.add(attributes::table, u32{start.table});
    add_ip(to, attributes::destination, destination);
    if (source) {
        add_ip(to, attributes::preferred_source, *source);
    }
    to.add(attributes::interface, InterfaceFacts::index);
    if (user) {
        to.add(attributes::user, *user);
    }
    if (!destination.is_v4()) {
        to.add(attributes::priority, u32{0});
        to.add(attributes::preference, u8{0});
    }
    to.end();
}

}  // namespace

Fallible<void> answer_route_to(const RouteRequest& request, Header head, Writer& to) {
    const auto wanted = leading<RouteMessage>(request.payload);
    if (request.payload.size() < sizeof(wanted)) {
        return Error{Errno::Einval};
    }
    if (wanted.family != inet_family && wanted.family != inet6_family) {
        return Error{Errno::Eopnotsupp};
    }
    const auto given =
        find_attribute(request.payload.subspan(sizeof(wanted)), attributes::destination);
    const auto destination = ip_in(given, wanted.family);
    if (!destination) {
        return Error{Errno::Einval};
    }
    if (!destination->is_loopback()) {
        return Error{Errno::Enetunreach};
    }
    const bool v4 = destination->is_v4();
    const u8 whole = v4 ? 32 : 128;
    RouteMessage start = start_of({*destination, whole, everywhere, local});
    if (v4) {  // which says less about where it comes from than IPv6. [linux/abi]: rt_fill_info
        start.table = main_table;
        start.protocol = 0;
        start.flags = ToThisMachine::mask | LookedUp::mask;
    }
    write_route(start, *destination, v4 ? net::loopback_v4 : net::loopback_v6, head, to,
                v4 ? std::optional(request.user) : std::nullopt);
    return {};
}

void list_routes(u8 family, Header head, Writer& to) {
    for (const Route& route : routes) {
        if (is_of(route.destination, family)) {
            const bool v4 = route.destination.is_v4();
            write_route(start_of(route), route.destination,
                        v4 ? std::optional(net::loopback_v4) : std::nullopt, head, to);
        }
    }
}

}  // namespace ringfence::kernel::netlink
