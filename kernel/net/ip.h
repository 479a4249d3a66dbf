// SPDX-License-Identifier: MIT
// What the protocols above IP see of a packet's IP header, whichever version it has.
#pragma once

#include <optional>

#include "kernel/net/address.h"
#include "kernel/net/checksum.h"
#include "kernel/net/packet.h"

namespace ringfence::kernel::net {

inline constexpr usize ipv4_header_size = 20;  ///< without options, which none of ours has
inline constexpr usize ipv6_header_size = 40;  ///< without extension headers
/// What a length field counts: all of an IPv4 packet, of an IPv6 packet what follows its header.
inline constexpr usize most_ip_bytes = 65535;

/// [rfc/790], [rfc/8200] 3
enum class Protocol : u8 { Icmp = 1, Tcp = 6, Udp = 17, Icmp6 = 58 };

/// What a sender may choose beside the addresses.
struct IpMarks {
    u8 hop_limit = 64;     ///< the time to live of IPv4
    u8 traffic_class = 0;  ///< the type of service of IPv4
};

struct IpHeader {
    Protocol protocol;
    IpAddress source;
    IpAddress destination;
    IpMarks marks{};

    [[nodiscard]] bool is_v4() const { return destination.is_v4(); }
};

[[nodiscard]] constexpr usize ip_header_size(bool v4) {
    return v4 ? ipv4_header_size : ipv6_header_size;
}

/// Puts the IP header before a packet's transport header, which is written. `identification` serves
/// the reassembly of IPv4, which none of our packets needs.
void write_ip_header(Packet& packet, const IpHeader& header, u16 identification);
/// The header of a packet that came in; nothing if it is malformed, a fragment, has options,
/// extension headers or a wrong checksum. Fragments cannot come from a peer that honours the
/// maximum segment size.
[[nodiscard]] std::optional<IpHeader> read_ip_header(const Packet& packet);
/// What the fields of a header that somebody quotes say, unchecked. `header`: ip_header_size(v4)
/// bytes.
[[nodiscard]] IpHeader read_ip_fields(const u8* header, bool v4);

/// The sum over the pseudo header, which TCP, UDP and ICMPv6 include in their checksums.
/// [rfc/9293] 3.1, [rfc/8200] 8.1
[[nodiscard]] Checksum pseudo_header_sum(const IpHeader& header, usize transport_size);
/// The checksum of a packet's transport header and payload, 0 if one that is included is right.
[[nodiscard]] u16 transport_checksum(const Packet& packet, const IpHeader& header);

}  // namespace ringfence::kernel::net
