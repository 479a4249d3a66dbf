// SPDX-License-Identifier: MIT
#include "kernel/core/socket/inet_socket.h"

#include "kernel/core/socket/network.h"

namespace ringfence::kernel {

Fallible<void> InetSocket::set_option(OptionName option, const OptionValue& value) {
    if (option.level == OptionLevel::Ip) {
        return set_ip_option(ip_options_, option.name, value);
    }
    if (option.level == OptionLevel::Ip6 && is_inet6()) {
        return set_inet6_option(inet6_options_, binding(), option.name, value);
    }
    return Socket::set_option(option, value);
}

Fallible<OptionValue> InetSocket::option(OptionName option) {
    if (option.level == OptionLevel::Ip) {
        return ip_option(ip_options_, option.name);
    }
    if (option.level == OptionLevel::Ip6 && is_inet6()) {
        return inet6_option(inet6_options_, option.name);
    }
    // Here IPv4 has its own answer to levels that are not its own. [linux/abi]: do_ip_getsockopt
    if (!is_inet6() && option.level != OptionLevel::Socket) {
        return Error{Errno::Eopnotsupp};
    }
    return Socket::option(option);
}

Fallible<net::Endpoint> InetSocket::source_for(const net::IpAddress& destination) const {
    RF_TRY_ASSIGN(source, network().source_for(destination));
    net::Endpoint own = local();
    // Of a socket that is connected by one version, datagrams may go by the other.
    if (own.address.is_any() || own.address.is_v4() != source.is_v4()) {
        own.address = source;
    }
    return own;
}

}  // namespace ringfence::kernel
