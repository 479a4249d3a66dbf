// SPDX-License-Identifier: MIT
// NETLINK_ROUTE: what is told about interfaces, addresses and routes. All of it is pure: a request
// goes in, messages come out. [linux/abi]: rtnetlink(7)
#pragma once

#include "kernel/core/errors.h"
#include "kernel/core/netlink/message.h"
#include "kernel/core/socket/interface_facts.h"

namespace ringfence::kernel::netlink {

/// Bytes in which any answer fits.
inline constexpr usize most_route_answer = 2048;

/// Groups of NETLINK_ROUTE's events, RTNLGRP_MAX rounded up to whole words.
inline constexpr u32 route_groups = 64;

struct RouteRequest {
    Header header;
    std::span<const u8> payload;
    u32 asker = 0;  ///< the port of its socket
    u32 user = 0;   ///< who owns the asking process
    bool privileged = false;

    [[nodiscard]] bool wants_list() const { return (header.flags & dump_flags) != 0; }
};

/// Writes what answers `request`: the messages of a list without its end, one message, or none.
/// Eperm for changes by those who may not, Eopnotsupp for those who may and for what is not known,
/// Enodev, Einval and the like as the request has it.
Fallible<void> answer_route(const RouteRequest& request, const InterfaceFacts& facts, Writer& to);

}  // namespace ringfence::kernel::netlink
