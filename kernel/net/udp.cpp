// SPDX-License-Identifier: MIT
#include "kernel/net/udp.h"

#include "kernel/net/byte_order.h"
#include "kernel/net/icmp.h"
#include "kernel/net/stack.h"

namespace ringfence::kernel::net {

namespace {

/// Where the fields lie, in bytes from the start of the UDP header.
namespace offsets {
constexpr usize source_port = 0;
constexpr usize destination_port = 2;
constexpr usize length = 4;
constexpr usize checksum = 6;
}  // namespace offsets

constexpr u16 no_checksum = 0;
constexpr u16 zero_checksum = 65535;  ///< how a sum of 0 is written

Checksum sum_of(const Packet& packet, const Ipv4Header& header) {
    Checksum sum = pseudo_header_sum(header, packet.size() - ipv4_header_size);
    sum.add(packet.header_bytes().subspan(ipv4_header_size));
    sum.add(packet.payload.bytes());
    return sum;
}

}  // namespace

UdpSocket::~UdpSocket() {
    hook.unlink();
    while (first() != nullptr) {
        drop_first();
    }
}

void UdpSocket::drop_first() {
    Datagram* datagram = waiting_.pop_front();
    waiting_bytes_ -= datagram->payload.size() + sizeof(Datagram);
    delete datagram;
}

void UdpSocket::add(Slice payload, Endpoint from, Ipv4Address to) {
    const usize size = payload.size() + sizeof(Datagram);
    if (waiting_bytes_ >= receive_space) {
        return;  // lost, as datagrams may be
    }
    auto* datagram =
        new (std::nothrow) Datagram{.payload = std::move(payload), .from = from, .to = to};
    if (datagram == nullptr) {
        return;
    }
    waiting_bytes_ += size;
    waiting_.push_back(*datagram);
    observer_.udp_readable();
}

u16 Udp::free_port(const PortUse& wanted) {
    const auto port = Ports::find_ephemeral(stack_.environment().random(), [&](u16 candidate) {
        PortUse use;
        use.local = {wanted.local.address, candidate};
        return ports_.available(use, false);
    });
    return port.value_or(0);
}

void Udp::bind(UdpSocket& socket) {
    ports_.add(socket.port_use);
    sockets_.push_front(socket);
}

void Udp::send(Endpoint from, Endpoint to, Slice payload) {
    RF_ASSERT(payload.size() <= most_udp_payload);
    Packet* packet = Packet::make(std::move(payload));
    if (packet == nullptr) {
        return;
    }
    u8* header = packet->header + ipv4_header_size;
    packet->header_size = ipv4_header_size + udp_header_size;
    store_be16(header + offsets::source_port, from.port);
    store_be16(header + offsets::destination_port, to.port);
    store_be16(header + offsets::length, static_cast<u16>(packet->size() - ipv4_header_size));
    store_be16(header + offsets::checksum, no_checksum);
    const Ipv4Header ip{Protocol::Udp, from.address, to.address};
    if (stack_.interface().needs_checksums()) {
        const u16 sum = sum_of(*packet, ip).value();
        store_be16(header + offsets::checksum, sum == no_checksum ? zero_checksum : sum);
    }
    stack_.transmit(packet, ip);
}

/// The socket that fits best: connected to the sender, bound to the address, bound to any; the
/// youngest of equals.
UdpSocket* Udp::find(Endpoint local, Endpoint remote) {
    UdpSocket* best = nullptr;
    u32 best_score = 0;
    for (UdpSocket& socket : sockets_) {
        const Endpoint own = socket.port_use.local;
        if (own.port != local.port || !own.address.overlaps(local.address) ||
            (socket.connected() && !(socket.peer == remote))) {
            continue;
        }
        const u32 score = 1 + (own.address.is_any() ? 0 : 1) + (socket.connected() ? 2 : 0);
        if (score > best_score) {
            best = &socket;
            best_score = score;
        }
    }
    return best;
}

void Udp::input(Packet& packet, const Ipv4Header& header) {
    if (packet.header_size < ipv4_header_size + udp_header_size) {
        return;
    }
    const u8* from = packet.header + ipv4_header_size;
    const bool summed = load_be16(from + offsets::checksum) != no_checksum;
    if (load_be16(from + offsets::length) != packet.size() - ipv4_header_size ||
        (summed && sum_of(packet, header).value() != 0)) {
        return;
    }
    const Endpoint remote{header.source, load_be16(from + offsets::source_port)};
    const Endpoint local{header.destination, load_be16(from + offsets::destination_port)};
    if (UdpSocket* socket = find(local, remote); socket != nullptr) {
        socket->add(std::move(packet.payload), remote, local.address);
    } else {
        send_port_unreachable(stack_, packet, header);
    }
}

void Udp::refuse(Endpoint from, Endpoint to) {
    UdpSocket* socket = find(from, to);
    // Only a connected socket knows whom an error is about. [rfc/1122] 4.1.3.3
    if (socket != nullptr && socket->connected()) {
        socket->refused_ = true;
        socket->observer_.udp_readable();
    }
}

}  // namespace ringfence::kernel::net
