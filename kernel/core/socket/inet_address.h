// SPDX-License-Identifier: MIT
// Addresses of the family AF_INET as programs write them. [linux/abi]: ip(7)
#pragma once

#include "kernel/core/errors.h"
#include "kernel/core/socket/address.h"
#include "kernel/net/address.h"

namespace ringfence::kernel {

/// `struct sockaddr_in`; port and address in network byte order.
struct InetAddress {
    u16 family;
    u8 port[2];
    u8 address[4];
    u8 zero[8];
};
static_assert(sizeof(InetAddress) == 16);

/// Einval if it is too short, Eafnosupport if it is of another family.
[[nodiscard]] Fallible<net::Endpoint> to_endpoint(const SocketAddress& address);
[[nodiscard]] SocketAddress to_socket_address(net::Endpoint endpoint);
[[nodiscard]] InetAddress to_inet_address(net::Endpoint endpoint);

/// What bind checks: the address is this machine's, and ports below 1024 are for the privileged.
[[nodiscard]] Fallible<net::Endpoint> to_bindable_endpoint(const SocketAddress& address);
/// Where packets for `address` go: "any" means this machine.
[[nodiscard]] Fallible<net::Endpoint> to_destination(const SocketAddress& address);

}  // namespace ringfence::kernel
