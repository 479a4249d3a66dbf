// SPDX-License-Identifier: MIT
// IPv4 headers. [rfc/791] 3.1
#pragma once

#include "kernel/net/ip.h"

namespace ringfence::kernel::net {

/// Both addresses of `header` are IPv4's.
void write_ipv4_header(Packet& packet, const IpHeader& header, u16 identification);
/// Of a packet with as many bytes of IP header as IPv4's has; see read_ip_header.
[[nodiscard]] std::optional<IpHeader> read_ipv4_header(const Packet& packet);
/// What the fields of a header say, unchecked.
[[nodiscard]] IpHeader read_ipv4_fields(const u8* header);

}  // namespace ringfence::kernel::net
