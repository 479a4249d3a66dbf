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
constexpr usize quoted = 8;  ///< the rejected packet's IP header and the eight bytes behind it
}  // namespace offsets

constexpr u8 destination_unreachable = 3;
constexpr u8 port_unreachable = 3;
constexpr usize quoted_size = ipv4_header_size + 8;
constexpr usize message_size = offsets::quoted + quoted_size;
static_assert(ipv4_header_size + message_size <= Packet::most_header_bytes);

/// Where the fields of a quoted packet lie, in bytes from its start.
namespace quoted {
constexpr usize protocol = 9;
constexpr usize source = 12;
constexpr usize destination = 16;
constexpr usize source_port = ipv4_header_size;
constexpr usize destination_port = ipv4_header_size + 2;
}  // namespace quoted

}  // namespace

void send_port_unreachable(Stack& stack, const Packet& rejected, const Ipv4Header& header) {
    if (!header.source.is_unicast() || !header.destination.is_unicast()) {
        return;
    }
    Packet* packet = Packet::make({});
    if (packet == nullptr) {
        return;
    }
    u8* message = packet->header + ipv4_header_size;
    packet->header_size = ipv4_header_size + message_size;
    std::memset(message, 0, offsets::quoted);
    message[offsets::type] = destination_unreachable;
    message[offsets::code] = port_unreachable;
    std::memcpy(message + offsets::quoted, rejected.header, quoted_size);
    Checksum sum;
    sum.add({message, message_size});
    store_be16(message + offsets::checksum, sum.value());
    stack.transmit(packet, {Protocol::Icmp, header.destination, header.source});
}

void icmp_input(Stack& stack, const Packet& packet) {
    const u8* message = packet.header + ipv4_header_size;
    if (packet.header_size != ipv4_header_size + message_size) {
        return;
    }
    Checksum sum;
    sum.add({message, message_size});
    const u8* inner = message + offsets::quoted;
    if (sum.value() != 0 || message[offsets::type] != destination_unreachable ||
        message[offsets::code] != port_unreachable ||
        inner[quoted::protocol] != static_cast<u8>(Protocol::Udp)) {
        return;
    }
    stack.udp().refuse(
        {{load_be32(inner + quoted::source)}, load_be16(inner + quoted::source_port)},
        {{load_be32(inner + quoted::destination)}, load_be16(inner + quoted::destination_port)});
}

}  // namespace ringfence::kernel::net
