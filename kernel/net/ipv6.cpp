// SPDX-License-Identifier: MIT
#include "kernel/net/ipv6.h"

#include "base/bits.h"

namespace ringfence::kernel::net {

namespace {

/// Where the fields lie, in bytes.
namespace offsets {
constexpr usize version_class_label = 0;
constexpr usize payload_length = 4;
constexpr usize next_header = 6;
constexpr usize hop_limit = 7;
constexpr usize source = 8;
constexpr usize destination = 24;
}  // namespace offsets

using Version = Bitfield<28, 4, u32>;
using TrafficClass = Bitfield<20, 8, u32>;
constexpr u32 version = 6;

}  // namespace

void write_ipv6_header(Packet& packet, const IpHeader& header) {
    packet.network_size = ipv6_header_size;
    u8* to = packet.network();
    store_be32(to + offsets::version_class_label,
               Version::make(version) | TrafficClass::make(header.marks.traffic_class));
    store_be16(to + offsets::payload_length, static_cast<u16>(packet.transport_bytes()));
    to[offsets::next_header] = static_cast<u8>(header.protocol);
    to[offsets::hop_limit] = header.marks.hop_limit;
    store_address(to + offsets::source, header.source);
    store_address(to + offsets::destination, header.destination);
}

std::optional<IpHeader> read_ipv6_header(const Packet& packet) {
    const u8* from = packet.network();
    const u32 first = load_be32(from + offsets::version_class_label);
    if (Version::get(first) != version ||
        load_be16(from + offsets::payload_length) != packet.transport_bytes()) {
        return std::nullopt;
    }
    const IpHeader header = read_ipv6_fields(from);
    // IPv4's addresses do not go over the wire in this form: they would be taken for IPv4 packets'.
    if (header.source.is_v4() || header.destination.is_v4()) {
        return std::nullopt;
    }
    return header;
}

IpHeader read_ipv6_fields(const u8* header) {
    const u32 first = load_be32(header + offsets::version_class_label);
    return {.protocol = Protocol{header[offsets::next_header]},
            .source = load_address(header + offsets::source),
            .destination = load_address(header + offsets::destination),
            .marks = {.hop_limit = header[offsets::hop_limit],
                      .traffic_class = static_cast<u8>(TrafficClass::get(first))}};
}

}  // namespace ringfence::kernel::net
