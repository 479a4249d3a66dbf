// SPDX-License-Identifier: MIT
// TCP segments and their form on the wire. [rfc/9293] 3.1, 3.2
#pragma once

#include <optional>

#include "kernel/net/address.h"
#include "kernel/net/ip.h"
#include "kernel/net/packet.h"
#include "kernel/net/sequence.h"

namespace ringfence::kernel::net {

struct TcpSegment {
    ConnectionKey key{};  ///< local is whoever looks at the segment: its sender, or its receiver
    Sequence sequence{};
    Sequence acknowledgement{};
    bool syn = false;
    bool ack = false;
    bool fin = false;
    bool reset = false;
    bool push = false;
    u16 window = 0;                     ///< as in the header, before scaling
    std::optional<u16> maximum_size{};  ///< the MSS option
    std::optional<u8> window_scale{};   ///< the window scale option. [rfc/7323] 2.2
    Slice payload{};

    /// What it takes of the sequence space: bytes, SYN and FIN.
    [[nodiscard]] u32 length() const {
        return static_cast<u32>(payload.size()) + (syn ? 1 : 0) + (fin ? 1 : 0);
    }
    [[nodiscard]] Sequence end() const { return sequence + length(); }
};

inline constexpr usize tcp_header_size = 20;  ///< without options
/// MSS (4 bytes), and no-operation with window scale (4).
inline constexpr usize most_tcp_options = 8;

/// A packet with the segment's TCP header, to which the IP header is still to be added. The
/// checksum is left out, and zero, if `checksum` is false. Null if there is no memory.
[[nodiscard]] Packet* make_tcp_packet(const TcpSegment& segment, bool checksum);
/// The segment in a packet that came in; nothing if it is malformed, or `checksum` asks for a right
/// one and it has not. Takes the payload out of the packet.
[[nodiscard]] std::optional<TcpSegment> read_tcp_packet(Packet& packet, const IpHeader& header,
                                                        bool checksum);

}  // namespace ringfence::kernel::net
