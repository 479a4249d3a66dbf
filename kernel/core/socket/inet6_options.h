// SPDX-License-Identifier: MIT
// The level IPPROTO_IPV6 of setsockopt. [linux/abi]: ipv6(7), [rfc/3493], [rfc/3542]
#pragma once

#include "kernel/core/socket/inet_address.h"
#include "kernel/core/socket/options.h"

namespace ringfence::kernel {

/// With the values that a new socket has.
struct Inet6Options {
    bool v6_only = false;
    bool multicast_loop = true;
    bool receive_errors = false;
    bool receive_packet_information = false;
    bool receive_hop_limit = false;
    bool receive_traffic_class = false;
    bool dont_fragment = false;
    bool automatic_flow_label = true;
    bool send_flow_information = false;
    i32 unicast_hops = 64;
    i32 multicast_hops = 1;
    i32 mtu_discovery = 1;
    i32 traffic_class = 0;
};

/// Einval for values out of range, and for IPV6_V6ONLY once the socket is bound.
Fallible<void> set_inet6_option(Inet6Options& options, const InetBinding& binding, u32 name,
                                const OptionValue& value);
Fallible<OptionValue> inet6_option(const Inet6Options& options, u32 name);

}  // namespace ringfence::kernel
