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

void UdpSocket::add(Slice payload, const Endpoint& from, const IpHeader& header) {
    const usize size = payload.size() + sizeof(Datagram);
    if (waiting_bytes_ >= receive_space) {
        return;  // lost, as datagrams may be
    }
    auto* datagram = new (std::nothrow) Datagram{.payload = std::move(payload),
                                                 .from = from,
                                                 .to = header.destination,
                                                 .marks = header.marks};
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
        use.rules.v6_only = wanted.rules.v6_only;
        return ports_.available(use, false);
    });
    return port.value_or(0);
}

void Udp::bind(UdpSocket& socket) {
    ports_.add(socket.port_use);
    sockets_.push_front(socket);
}

void Udp::send(const Endpoint& from, const Endpoint& to, Slice payload, IpMarks marks) {
    RF_ASSERT(payload.size() <= most_udp_payload(to.address.is_v4()));
    Packet* packet = Packet::make(std::move(payload));
    if (packet == nullptr) {
        return;
    }
    u8* header = packet->transport();
    packet->transport_size = udp_header_size;
    store_be16(header + offsets::source_port, from.port);
    store_be16(header + offsets::destination_port, to.port);
    store_be16(header + offsets::length, static_cast<u16>(packet->transport_bytes()));
    store_be16(header + offsets::checksum, no_checksum);
    const IpHeader ip{Protocol::Udp, from.address, to.address, marks};
    if (stack_.interface().needs_checksums()) {
        const u16 sum = transport_checksum(*packet, ip);
        store_be16(header + offsets::checksum, sum == no_checksum ? zero_checksum : sum);
    }
    stack_.transmit(packet, ip);
}

/// The socket that fits best: connected to the sender, bound to the address, bound to any; the
/// youngest of equals.
UdpSocket* Udp::find(const Endpoint& local, const Endpoint& remote) {
    UdpSocket* best = nullptr;
    u32 best_score = 0;
    for (UdpSocket& socket : sockets_) {
        if (socket.port_use.local.port != local.port ||
            (socket.connected() && !(socket.peer == remote))) {
            continue;
        }
        const Fit fit = socket.port_use.fit(local.address);
        if (fit == Fit::No) {
            continue;
        }
        constexpr u32 connection_counts = static_cast<u32>(Fit::Exactly);
        const u32 score = static_cast<u32>(fit) + (socket.connected() ? connection_counts : 0);
        if (score > best_score) {
            best = &socket;
            best_score = score;
        }
    }
    return best;
}

void Udp::input(Packet& packet, const IpHeader& header) {
    if (packet.transport_size < udp_header_size) {
        return;
    }
    const u8* from = packet.transport();
    const bool summed = load_be16(from + offsets::checksum) != no_checksum;
    // IPv6 has no checksum of its own, so that UDP's may not be missing. [rfc/8200] 8.1
    const bool must_be_summed = !header.is_v4() && stack_.interface().needs_checksums();
    if (load_be16(from + offsets::length) != packet.transport_bytes() ||
        (summed ? transport_checksum(packet, header) != 0 : must_be_summed)) {
        return;
    }
    const Endpoint remote{header.source, load_be16(from + offsets::source_port)};
    const Endpoint local{header.destination, load_be16(from + offsets::destination_port)};
    if (UdpSocket* socket = find(local, remote); socket != nullptr) {
        socket->add(std::move(packet.payload), remote, header);
    } else {
        send_port_unreachable(stack_, packet, header);
    }
}

void Udp::refuse(const Endpoint& from, const Endpoint& to) {
    UdpSocket* socket = find(from, to);
    // Only a connected socket knows whom an error is about. [rfc/1122] 4.1.3.3
    if (socket != nullptr && socket->connected()) {
        socket->refused_ = true;
        socket->observer_.udp_readable();
    }
}

}  // namespace ringfence::kernel::net
