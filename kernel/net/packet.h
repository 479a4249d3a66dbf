// SPDX-License-Identifier: MIT
// One IP packet: its headers as they go over the wire, and its payload by reference.
#pragma once

#include <new>
#include <span>

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/net/buffer.h"

namespace ringfence::kernel::net {

struct Packet {
    /// An IPv6 header without extensions, and a TCP header with as many options as anybody sends.
    /// All of it is one block of 128 bytes.
    static constexpr usize most_network_bytes = 40;
    static constexpr usize most_transport_bytes = 44;

    ListHook<Packet> hook{this};
    /// The transport header begins at most_network_bytes; the IP header ends there, so that
    /// transport protocols need not know which version's it will be.
    u8 headers[most_network_bytes + most_transport_bytes];
    u16 network_size = 0;    ///< bytes of the IP header
    u16 transport_size = 0;  ///< bytes of the transport header
    Slice payload;

    [[nodiscard]] u8* transport() { return headers + most_network_bytes; }
    [[nodiscard]] const u8* transport() const { return headers + most_network_bytes; }
    [[nodiscard]] u8* network() { return transport() - network_size; }
    [[nodiscard]] const u8* network() const { return transport() - network_size; }
    [[nodiscard]] usize header_size() const { return usize{network_size} + transport_size; }
    /// Both headers.
    [[nodiscard]] std::span<const u8> header_bytes() const { return {network(), header_size()}; }
    [[nodiscard]] std::span<const u8> transport_header() const {
        return {transport(), transport_size};
    }
    /// What the IP header is followed by.
    [[nodiscard]] usize transport_bytes() const { return transport_size + payload.size(); }
    [[nodiscard]] usize size() const { return network_size + transport_bytes(); }

    /// Null if there is no memory: the packet is as good as lost, and protocols can handle that.
    [[nodiscard]] static Packet* make(Slice payload) {
        auto* packet = new (std::nothrow) Packet;
        if (packet != nullptr) {
            packet->payload = std::move(payload);
        }
        return packet;
    }
};
static_assert(sizeof(Packet) <= 128);
using PacketQueue = IntrusiveList<Packet, &Packet::hook>;

}  // namespace ringfence::kernel::net
