// SPDX-License-Identifier: MIT
// One IP packet: its headers as they go over the wire, and its payload by reference.
#pragma once

#include <new>
#include <span>

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/net/buffer.h"

namespace ringfence::kernel::net {

struct Packet {
    /// An IPv4 header without options and the largest TCP header.
    static constexpr usize most_header_bytes = 20 + 60;

    ListHook<Packet> hook{this};
    u8 header[most_header_bytes];
    u32 header_size = 0;
    Slice payload;

    [[nodiscard]] std::span<const u8> header_bytes() const { return {header, header_size}; }
    [[nodiscard]] usize size() const { return header_size + payload.size(); }

    /// Null if there is no memory: the packet is as good as lost, and protocols can handle that.
    [[nodiscard]] static Packet* make(Slice payload) {
        auto* packet = new (std::nothrow) Packet;
        if (packet != nullptr) {
            packet->payload = std::move(payload);
        }
        return packet;
    }
};
using PacketQueue = IntrusiveList<Packet, &Packet::hook>;

}  // namespace ringfence::kernel::net
