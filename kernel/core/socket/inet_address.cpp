// SPDX-License-Identifier: MIT
#include "kernel/core/socket/inet_address.h"

#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/socket/network.h"
#include "kernel/net/byte_order.h"

namespace ringfence::kernel {

namespace {
constexpr u16 first_unprivileged_port = 1024;
}

Fallible<net::Endpoint> to_endpoint(const SocketAddress& address) {
    if (address.size < sizeof(InetAddress)) {
        return Error{Errno::Einval};
    }
    if (address.family() != AddressFamily::Inet) {
        return Error{Errno::Eafnosupport};
    }
    const auto inet = address.as<InetAddress>();
    return net::Endpoint{{net::load_be32(inet.address)}, net::load_be16(inet.port)};
}

InetAddress to_inet_address(net::Endpoint endpoint) {
    InetAddress inet{};
    inet.family = static_cast<u16>(AddressFamily::Inet);
    net::store_be16(inet.port, endpoint.port);
    net::store_be32(inet.address, endpoint.address.value);
    return inet;
}

SocketAddress to_socket_address(net::Endpoint endpoint) {
    return SocketAddress::from(to_inet_address(endpoint));
}

Fallible<net::Endpoint> to_bindable_endpoint(const SocketAddress& address) {
    RF_TRY_ASSIGN(endpoint, to_endpoint(address));
    if (!network().may_bind(endpoint.address)) {
        return Error{Errno::Eaddrnotavail};
    }
    if (endpoint.port != 0 && endpoint.port < first_unprivileged_port &&
        !current_process().credentials.privileged()) {
        return Error{Errno::Eacces};
    }
    return endpoint;
}

Fallible<net::Endpoint> to_destination(const SocketAddress& address) {
    RF_TRY_ASSIGN(endpoint, to_endpoint(address));
    if (endpoint.address.is_any()) {
        endpoint.address = net::loopback_address;
    }
    return endpoint;
}

}  // namespace ringfence::kernel
