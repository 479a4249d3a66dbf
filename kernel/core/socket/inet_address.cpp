// SPDX-License-Identifier: MIT
#include "kernel/core/socket/inet_address.h"

#include "kernel/core/process/process.h"
#include "kernel/core/socket/network.h"
#include "kernel/net/byte_order.h"

namespace ringfence::kernel {

namespace {

constexpr u16 first_unprivileged_port = 1024;

/// An address, and the interface that a link-local one names.
struct ScopedEndpoint {
    net::Endpoint endpoint;
    u32 scope = 0;
};

Fallible<ScopedEndpoint> parse_inet(const SocketAddress& address) {
    if (address.size < sizeof(InetAddress)) {
        return Error{Errno::Einval};
    }
    if (address.family() != AddressFamily::Inet) {
        return Error{Errno::Eafnosupport};
    }
    const auto inet = address.as<InetAddress>();
    return ScopedEndpoint{{net::from_v4(net::load_be32(inet.address)), net::load_be16(inet.port)}};
}

Fallible<ScopedEndpoint> parse_inet6(const SocketAddress& address) {
    if (address.size < Inet6Address::least_size) {
        return Error{Errno::Einval};
    }
    if (address.family() != AddressFamily::Inet6) {
        return Error{Errno::Eafnosupport};
    }
    const auto inet = address.as<Inet6Address>();
    const u32 scope = address.size >= sizeof(Inet6Address) ? inet.scope : 0;
    return ScopedEndpoint{{net::load_address(inet.address), net::load_be16(inet.port)}, scope};
}

Fallible<void> check_port(u16 port) {
    if (port != 0 && port < first_unprivileged_port &&
        !current_process().credentials.may(Capability::NetBindService)) {
        return Error{Errno::Eacces};
    }
    return {};
}

Fallible<void> check_own(const net::IpAddress& address) {
    return network().may_bind(address) ? Fallible<void>{} : Error{Errno::Eaddrnotavail};
}

/// In the order of inet_bind.
Fallible<net::Endpoint> bindable_inet(const SocketAddress& address, const InetBinding& binding) {
    RF_TRY_ASSIGN(parsed, parse_inet(address));
    const net::Endpoint& wanted = parsed.endpoint;
    RF_TRY(check_own(wanted.address));
    RF_TRY(check_port(wanted.port));
    if (binding.local.port != 0) {
        return Error{Errno::Einval};
    }
    return wanted;
}

/// In the order of inet6_bind.
Fallible<net::Endpoint> bindable_inet6(const SocketAddress& address, const InetBinding& binding) {
    RF_TRY_ASSIGN(parsed, parse_inet6(address));
    const net::Endpoint& wanted = parsed.endpoint;
    const bool v4 = wanted.address.is_v4();
    if (!v4 && wanted.address.is_multicast() && binding.type == SocketType::Stream) {
        return Error{Errno::Einval};
    }
    RF_TRY(check_port(wanted.port));
    if (binding.local.port != 0 || (v4 && binding.v6_only)) {
        return Error{Errno::Einval};
    }
    if (wanted.address.is_link_local() && parsed.scope != Network::interface_index) {
        return Error{parsed.scope == 0 ? Errno::Einval : Errno::Enodev};
    }
    RF_TRY(check_own(wanted.address));
    return wanted;
}

/// What IPv6 has to say about a destination of whichever version.
Fallible<net::Endpoint> inet6_destination(const SocketAddress& address,
                                          const InetBinding& binding) {
    RF_TRY_ASSIGN(parsed, parse_inet6(address));
    net::Endpoint to = parsed.endpoint;
    const bool bound_to_v4 = binding.local.address.is_v4();
    if (to.address == net::any_v6) {
        to.address = bound_to_v4 ? net::loopback_v4 : net::loopback_v6;
    }
    if (to.address.is_link_local() && parsed.scope == 0) {
        return Error{Errno::Einval};
    }
    if (to.address.is_v4()) {
        return binding.v6_only ? Fallible<net::Endpoint>(Error{Errno::Enetunreach}) : to;
    }
    return bound_to_v4 ? Fallible<net::Endpoint>(Error{Errno::Eafnosupport}) : to;
}

/// IPv4's address given to any socket that speaks it; `refusal` if it does not.
Fallible<net::Endpoint> inet_destination(const SocketAddress& address, const InetBinding& binding,
                                         Errno refusal) {
    RF_TRY_ASSIGN(parsed, parse_inet(address));
    return binding.v6_only ? Fallible<net::Endpoint>(Error{refusal}) : parsed.endpoint;
}

net::Endpoint or_loopback(net::Endpoint endpoint) {
    if (endpoint.address == net::any_v4) {
        endpoint.address = net::loopback_v4;
    }
    return endpoint;
}

/// Sockets of IPv6 for datagrams take addresses of AF_INET, too.
bool takes_inet(const SocketAddress& address, const InetBinding& binding) {
    return binding.family == AddressFamily::Inet ||
           (binding.type == SocketType::Datagram && address.family() == AddressFamily::Inet);
}

}  // namespace

net::Endpoint unbound_endpoint(AddressFamily family) {
    return {family == AddressFamily::Inet ? net::any_v4 : net::any_v6, 0};
}

InetAddress to_inet_address(const net::Endpoint& endpoint) {
    InetAddress inet{};
    inet.family = static_cast<u16>(AddressFamily::Inet);
    net::store_be16(inet.port, endpoint.port);
    net::store_be32(inet.address, endpoint.address.v4());
    return inet;
}

SocketAddress to_socket_address(const net::Endpoint& endpoint, AddressFamily family) {
    if (family == AddressFamily::Inet) {
        return SocketAddress::from(to_inet_address(endpoint));
    }
    Inet6Address inet{};
    inet.family = static_cast<u16>(family);
    net::store_be16(inet.port, endpoint.port);
    net::store_address(inet.address, endpoint.address);
    return SocketAddress::from(inet);
}

Fallible<net::Endpoint> to_bindable_endpoint(const SocketAddress& address,
                                             const InetBinding& binding) {
    return binding.family == AddressFamily::Inet ? bindable_inet(address, binding)
                                                 : bindable_inet6(address, binding);
}

Fallible<net::Endpoint> to_connectable_endpoint(const SocketAddress& address,
                                                const InetBinding& binding) {
    RF_TRY_ASSIGN(endpoint, takes_inet(address, binding)
                                ? inet_destination(address, binding, Errno::Eafnosupport)
                                : inet6_destination(address, binding));
    return or_loopback(endpoint);
}

Fallible<net::Endpoint> to_destination(const SocketAddress& address, const InetBinding& binding) {
    const bool other_family = !takes_inet(address, binding) && address.size >= sizeof(u16) &&
                              address.family() != AddressFamily::Inet6;
    if (other_family) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(endpoint, takes_inet(address, binding)
                                ? inet_destination(address, binding, Errno::Enetunreach)
                                : inet6_destination(address, binding));
    return or_loopback(endpoint);
}

}  // namespace ringfence::kernel
