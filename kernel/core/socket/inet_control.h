// SPDX-License-Identifier: MIT
// Control messages of datagrams over IP: which of a machine's addresses they came to or are to come
// from, and what their IP headers say beside. [linux/abi]: ip(7), ipv6(7), [rfc/3542] 6
#pragma once

#include "kernel/core/socket/inet6_options.h"
#include "kernel/core/socket/ip_options.h"
#include "kernel/core/socket/message.h"
#include "kernel/net/udp.h"

namespace ringfence::kernel {

/// Adds to `message` what the options of its receiver ask for. `inet6`: the receiver is of
/// AF_INET6.
void add_inet_control(IncomingMessage& message, const net::Datagram& datagram, bool inet6,
                      const IpOptions& ip, const Inet6Options& inet6_options);

/// What an outgoing datagram's control messages ask for.
struct InetControl {
    net::IpAddress source = net::any_v6;  ///< "any" of either version: not said
    net::IpMarks marks{};
};
/// `control.marks` holds what the socket would choose, and is what is not asked for otherwise.
/// Einval for messages that are malformed, unknown, or about addresses that are not this machine's.
Fallible<void> take_inet_control(const OutgoingMessage& message, bool to_v4, InetControl& control);

}  // namespace ringfence::kernel
