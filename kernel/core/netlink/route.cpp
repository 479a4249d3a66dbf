// SPDX-License-Identifier: MIT
#include "kernel/core/netlink/route.h"

#include "kernel/core/netlink/route_parts.h"

namespace ringfence::kernel::netlink {

namespace {

/// Types of requests come in fours: new, delete, get, set. [linux/abi]:
/// include/uapi/linux/rtnetlink.h
enum class Type : u16 {
    NewLink = 16,
    GetLink = 18,
    NewAddress = 20,
    GetAddress = 22,
    NewRoute = 24,
    GetRoute = 26,
    GetNeighbour = 30,
};
constexpr u16 last_type = 123;
constexpr u16 kinds = 4;
constexpr u16 get_kind = 2;

Fallible<void> list(const RouteRequest& request, Header head, const InterfaceFacts& facts,
                    Writer& to) {
    head.flags = Multipart::mask;
    switch (Type{request.header.type}) {
        case Type::GetLink:
            list_links(head, facts, to);
            return {};
        case Type::GetAddress:
            list_addresses(family_of(request), head, to);
            return {};
        case Type::GetRoute:
            list_routes(family_of(request), head, to);
            return {};
        case Type::GetNeighbour:
            return {};  // nobody is reached by a hardware address
        default:
            return Error{Errno::Eopnotsupp};
    }
}

Fallible<void> answer_one(const RouteRequest& request, const Header& head,
                          const InterfaceFacts& facts, Writer& to) {
    switch (Type{request.header.type}) {
        case Type::GetLink:
            return answer_link(request, head, facts, to);
        case Type::GetAddress:
            return answer_address(request, head, to);
        case Type::GetRoute:
            return answer_route_to(request, head, to);
        default:
            return Error{Errno::Eopnotsupp};
    }
}

}  // namespace

Fallible<void> answer_route(const RouteRequest& request, const InterfaceFacts& facts, Writer& to) {
    const u16 type = request.header.type;
    if (type > last_type) {
        return Error{Errno::Eopnotsupp};
    }
    if (request.payload.empty()) {
        return {};
    }
    if (type % kinds != get_kind) {
        return Error{request.privileged ? Errno::Eopnotsupp : Errno::Eperm};
    }
    const Header head{.length = 0,
                      .type = static_cast<u16>(type - get_kind),
                      .flags = 0,
                      .sequence = request.header.sequence,
                      .port = request.asker};
    return request.wants_list() ? list(request, head, facts, to)
                                : answer_one(request, head, facts, to);
}

}  // namespace ringfence::kernel::netlink
