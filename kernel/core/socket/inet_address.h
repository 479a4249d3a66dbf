// SPDX-License-Identifier: MIT
// Addresses of the families AF_INET and AF_INET6 as programs write them, and which of them a socket
// may use. [linux/abi]: ip(7), ipv6(7)
#pragma once

#include "kernel/core/errors.h"
#include "kernel/core/socket/socket.h"
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

/// `struct sockaddr_in6`; the scope is an interface's number, in the host's byte order.
struct Inet6Address {
    /// Without the scope, as [rfc/2133] had it: enough for bind and connect.
    static constexpr u32 least_size = 24;

    u16 family;
    u8 port[2];
    u8 flow_information[4];
    u8 address[16];
    u32 scope;
};
static_assert(sizeof(Inet6Address) == 28);

/// What of a socket decides about the addresses that it may use.
struct InetBinding {
    AddressFamily family;
    SocketType type;
    bool v6_only;         ///< IPV6_V6ONLY
    net::Endpoint local;  ///< port 0: not bound
};

/// The name of a socket that is not bound.
[[nodiscard]] net::Endpoint unbound_endpoint(AddressFamily family);
/// `endpoint` as a socket of `family` tells it to programs.
[[nodiscard]] SocketAddress to_socket_address(const net::Endpoint& endpoint, AddressFamily family);
/// `endpoint`, of IPv4, for AF_INET.
[[nodiscard]] InetAddress to_inet_address(const net::Endpoint& endpoint);

/// Where bind may put the socket: Einval if the address is too short or the socket is bound, or
/// IPv4 is asked of a socket that does without; Eafnosupport if it is of another family, Eacces for
/// ports below 1024 unless privileged, Eaddrnotavail if it is not this machine's.
[[nodiscard]] Fallible<net::Endpoint> to_bindable_endpoint(const SocketAddress& address,
                                                           const InetBinding& binding);
/// Where connect goes; "any" means this machine. Einval if the address is too short or says nothing
/// without an interface; Eafnosupport if the socket cannot speak to it, Enetunreach if it may not.
[[nodiscard]] Fallible<net::Endpoint> to_connectable_endpoint(const SocketAddress& address,
                                                              const InetBinding& binding);
/// The same for one datagram.
[[nodiscard]] Fallible<net::Endpoint> to_destination(const SocketAddress& address,
                                                     const InetBinding& binding);

}  // namespace ringfence::kernel
