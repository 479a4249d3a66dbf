// SPDX-License-Identifier: MIT
// IPv4 headers. [rfc/791] 3.1
#pragma once

#include <optional>

#include "kernel/net/address.h"
#include "kernel/net/checksum.h"
#include "kernel/net/packet.h"

namespace ringfence::kernel::net {

inline constexpr usize ipv4_header_size = 20;  ///< without options, which none of ours has
inline constexpr usize most_ipv4_bytes = 65535;

enum class Protocol : u8 { Icmp = 1, Tcp = 6, Udp = 17 };

struct Ipv4Header {
    Protocol protocol;
    Ipv4Address source;
    Ipv4Address destination;
};

/// Fills in the IPv4 header of a packet whose header_size is right and whose transport header is
/// written behind it. `identification` serves reassembly, which none of our packets needs.
void write_ipv4_header(Packet& packet, const Ipv4Header& header, u16 identification);
/// The header of a packet that came in; nothing if it is malformed, a fragment, has options or a
/// wrong checksum. Fragments cannot come from a peer that honours the maximum segment size.
[[nodiscard]] std::optional<Ipv4Header> read_ipv4_header(const Packet& packet);

/// The sum over the pseudo header, which TCP and UDP include in their checksums. [rfc/9293] 3.1
[[nodiscard]] Checksum pseudo_header_sum(const Ipv4Header& header, usize transport_size);

}  // namespace ringfence::kernel::net
