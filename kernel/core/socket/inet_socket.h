// SPDX-License-Identifier: MIT
// What sockets of AF_INET and AF_INET6 have in common, whatever they carry: whose address they
// have, who may share it, and the options of IP.
#pragma once

#include "kernel/core/socket/inet6_options.h"
#include "kernel/core/socket/inet_address.h"
#include "kernel/core/socket/ip_options.h"
#include "kernel/core/socket/socket.h"
#include "kernel/net/ports.h"

namespace ringfence::kernel {

class InetSocket : public Socket {
public:
    InetSocket(AddressFamily family, SocketType type, u32 protocol)
        : Socket(family, type, protocol) {}

    [[nodiscard]] SocketAddress name() const override { return to_program(local()); }
    Fallible<void> set_option(OptionName option, const OptionValue& value) override;
    Fallible<OptionValue> option(OptionName option) override;

protected:
    /// Where the socket is bound or connected; unbound_endpoint if it is not.
    [[nodiscard]] virtual net::Endpoint local() const = 0;

    [[nodiscard]] bool is_inet6() const { return family() == AddressFamily::Inet6; }
    [[nodiscard]] InetBinding binding() const {
        return {family(), type(), inet6_options_.v6_only, local()};
    }
    /// Of a port that is bound now.
    [[nodiscard]] net::PortRules rules() const {
        return {.reuse_address = options.reuse_address,
                .reuse_port = options.reuse_port,
                .inet6 = is_inet6(),
                .v6_only = inet6_options_.v6_only};
    }
    /// Once bound to an address of IPv6, a socket does without IPv4. [linux/abi]: inet6_bind
    void note_bound_to(const net::IpAddress& address) {
        inet6_options_.v6_only =
            inet6_options_.v6_only || (is_inet6() && !address.is_any() && !address.is_v4());
    }
    [[nodiscard]] SocketAddress to_program(const net::Endpoint& endpoint) const {
        return to_socket_address(endpoint, family());
    }
    /// The endpoint from which `destination` is reached; Enetunreach if it is not.
    [[nodiscard]] Fallible<net::Endpoint> source_for(const net::IpAddress& destination) const;
    void copy_ip_options(const InetSocket& other) {
        ip_options_ = other.ip_options_;
        inet6_options_ = other.inet6_options_;
    }

    IpOptions ip_options_;
    Inet6Options inet6_options_;
};

}  // namespace ringfence::kernel
