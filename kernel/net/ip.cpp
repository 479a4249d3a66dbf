// SPDX-License-Identifier: MIT
#include "kernel/net/ip.h"

#include "kernel/net/byte_order.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/ipv6.h"

namespace ringfence::kernel::net {

void write_ip_header(Packet& packet, const IpHeader& header, u16 identification) {
    if (header.is_v4()) {
        write_ipv4_header(packet, header, identification);
    } else {
        write_ipv6_header(packet, header);
    }
}

std::optional<IpHeader> read_ip_header(const Packet& packet) {
    switch (packet.network_size) {
        case ipv4_header_size:
            return read_ipv4_header(packet);
        case ipv6_header_size:
            return read_ipv6_header(packet);
        default:
            return std::nullopt;
    }
}

IpHeader read_ip_fields(const u8* header, bool v4) {
    return v4 ? read_ipv4_fields(header) : read_ipv6_fields(header);
}

Checksum pseudo_header_sum(const IpHeader& header, usize transport_size) {
    Checksum sum;
    if (header.is_v4()) {
        u8 addresses[8];
        store_be32(addresses, header.source.v4());
        store_be32(addresses + 4, header.destination.v4());
        sum.add(addresses);
    } else {
        u8 addresses[32];
        store_address(addresses, header.source);
        store_address(addresses + 16, header.destination);
        sum.add(addresses);
    }
    sum.add_word(static_cast<u16>(header.protocol));
    sum.add_word(static_cast<u16>(transport_size));
    return sum;
}

u16 transport_checksum(const Packet& packet, const IpHeader& header) {
    Checksum sum = pseudo_header_sum(header, packet.transport_bytes());
    sum.add(packet.transport_header());
    sum.add(packet.payload.bytes());
    return sum.value();
}

}  // namespace ringfence::kernel::net
