// SPDX-License-Identifier: MIT
// IPv6 headers. [rfc/8200] 3
#pragma once

#include "kernel/net/byte_order.h"
#include "kernel/net/ip.h"

namespace ringfence::kernel::net {

/// Neither address of `header` is IPv4's.
void write_ipv6_header(Packet& packet, const IpHeader& header);
/// Of a packet with as many bytes of IP header as IPv6's has; see read_ip_header.
[[nodiscard]] std::optional<IpHeader> read_ipv6_header(const Packet& packet);
/// What the fields of a header say, unchecked.
[[nodiscard]] IpHeader read_ipv6_fields(const u8* header);

}  // namespace ringfence::kernel::net
