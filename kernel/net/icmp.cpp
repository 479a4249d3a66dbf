// SPDX-License-Identifier: MIT
#include "kernel/net/icmp.h"

#include <cstring>

#include "kernel/net/byte_order.h"
#include "kernel/net/stack.h"

namespace ringfence::kernel::net {

namespace {

/// Where the fields lie, in bytes from the start of the ICMP message.
namespace offsets {
constexpr usize type = 0;
constexpr usize code = 1;
constexpr usize checksum = 2;
}  // namespace offsets

constexpr usize icmp_header_size = 8;
/// What follows: the rejected packet's IP header, and so many bytes of what is behind it.
constexpr usize quoted_transport_bytes = 8;

/// In what the message differs between the versions.
struct PortUnreachable {
    Protocol protocol;
    u8 type;
    u8 code;
};
constexpr PortUnreachable unreachable_v4{Protocol::Icmp, 3, 3};
constexpr PortUnreachable unreachable_v6{Protocol::Icmp6, 1, 4};

const PortUnreachable& unreachable(bool v4) {
    return v4 ? unreachable_v4 : unreachable_v6;
}
usize quoted_size(bool v4) {
    return ip_header_size(v4) + quoted_transport_bytes;
}

Slice quote(const Packet& packet, usize size) {
    Ref<Buffer> buffer = Buffer::allocate(size);
    if (!buffer) {
        return {};
    }
    std::memcpy(buffer->room().data(), packet.network(), size);
    buffer->append(size);
    return {std::move(buffer), 0, size};
}

/// ICMPv6 includes the pseudo header, ICMP does not. [rfc/4443] 2.3
u16 checksum_of(const Packet& packet, const IpHeader& header) {
    if (!header.is_v4()) {
        return transport_checksum(packet, header);
    }
    Checksum sum;
    sum.add(packet.transport_header());
    sum.add(packet.payload.bytes());
    return sum.value();
}

}  // namespace

void send_port_unreachable(Stack& stack, const Packet& rejected, const IpHeader& header) {
    if (!header.source.is_unicast() || !header.destination.is_unicast()) {
        return;
    }
    const bool v4 = header.is_v4();
    Slice quoted = quote(rejected, quoted_size(v4));
    Packet* packet = quoted.empty() ? nullptr : Packet::make(std::move(quoted));
    if (packet == nullptr) {
        return;
    }
    const PortUnreachable& kind = unreachable(v4);
    u8* message = packet->transport();
    packet->transport_size = icmp_header_size;
    std::memset(message, 0, icmp_header_size);
    message[offsets::type] = kind.type;
    message[offsets::code] = kind.code;
    const IpHeader answer{kind.protocol, header.destination, header.source};
    store_be16(message + offsets::checksum, checksum_of(*packet, answer));
    stack.transmit(packet, answer);
}

void icmp_input(Stack& stack, const Packet& packet, const IpHeader& header) {
    const bool v4 = header.is_v4();
    const PortUnreachable& kind = unreachable(v4);
    const u8* message = packet.transport();
    if (header.protocol != kind.protocol || packet.transport_size != icmp_header_size ||
        packet.payload.size() != quoted_size(v4) || checksum_of(packet, header) != 0 ||
        message[offsets::type] != kind.type || message[offsets::code] != kind.code) {
        return;
    }
    const u8* quoted = packet.payload.bytes().data();
    const IpHeader ours = read_ip_fields(quoted, v4);
    if (ours.is_v4() == v4 && ours.protocol == Protocol::Udp) {
        const u8* ports = quoted + ip_header_size(v4);
        stack.udp().refuse({ours.source, load_be16(ports)},
                           {ours.destination, load_be16(ports + 2)});
    }
}

}  // namespace ringfence::kernel::net
