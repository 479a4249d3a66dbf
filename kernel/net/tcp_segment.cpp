// SPDX-License-Identifier: MIT
#include "kernel/net/tcp_segment.h"

#include "base/bits.h"
#include "kernel/net/byte_order.h"

namespace ringfence::kernel::net {

namespace {

/// Where the fields lie, in bytes from the start of the TCP header.
namespace offsets {
constexpr usize source_port = 0;
constexpr usize destination_port = 2;
constexpr usize sequence = 4;
constexpr usize acknowledgement = 8;
constexpr usize data_offset = 12;
constexpr usize flags = 13;
constexpr usize window = 14;
constexpr usize checksum = 16;
constexpr usize urgent = 18;
constexpr usize options = 20;
}  // namespace offsets

using DataOffset = Bitfield<4, 4, u8>;  ///< in 32-bit words
using Fin = Flag<0, u8>;
using Syn = Flag<1, u8>;
using Reset = Flag<2, u8>;
using Push = Flag<3, u8>;
using Ack = Flag<4, u8>;
constexpr usize word_size = 4;

/// Kinds of options. [rfc/9293] 3.2, [rfc/7323] 2.2
enum class Option : u8 { End = 0, NoOperation = 1, MaximumSegmentSize = 2, WindowScale = 3 };
constexpr u8 maximum_size_length = 4;
constexpr u8 window_scale_length = 3;

u8 flags_of(const TcpSegment& segment) {
    return static_cast<u8>(Fin::make(segment.fin) | Syn::make(segment.syn) |
                           Reset::make(segment.reset) | Push::make(segment.push) |
                           Ack::make(segment.ack));
}

/// Writes the options and returns their size, a multiple of four.
usize write_options(const TcpSegment& segment, u8* to) {
    usize size = 0;
    if (segment.maximum_size) {
        to[size] = static_cast<u8>(Option::MaximumSegmentSize);
        to[size + 1] = maximum_size_length;
        store_be16(to + size + 2, *segment.maximum_size);
        size += maximum_size_length;
    }
    if (segment.window_scale) {
        to[size] = static_cast<u8>(Option::NoOperation);
        to[size + 1] = static_cast<u8>(Option::WindowScale);
        to[size + 2] = window_scale_length;
        to[size + 3] = *segment.window_scale;
        size += window_scale_length + 1;
    }
    return size;
}

/// Options that are not known are skipped; a malformed one ends the list.
void read_options(std::span<const u8> options, TcpSegment& segment) {
    for (usize at = 0; at < options.size();) {
        const Option kind{options[at]};
        if (kind == Option::End) {
            return;
        }
        if (kind == Option::NoOperation) {
            ++at;
            continue;
        }
        const usize left = options.size() - at;
        const usize length = left >= 2 ? options[at + 1] : 0;
        if (length < 2 || length > left) {
            return;
        }
        if (kind == Option::MaximumSegmentSize && length == maximum_size_length) {
            segment.maximum_size = load_be16(&options[at + 2]);
        } else if (kind == Option::WindowScale && length == window_scale_length) {
            segment.window_scale = options[at + 2];
        }
        at += length;
    }
}

}  // namespace

Packet* make_tcp_packet(const TcpSegment& segment, bool checksum) {
    Packet* packet = Packet::make(segment.payload);
    if (packet == nullptr) {
        return nullptr;
    }
    u8* to = packet->transport();
    const usize header_size = tcp_header_size + write_options(segment, to + offsets::options);
    store_be16(to + offsets::source_port, segment.key.local.port);
    store_be16(to + offsets::destination_port, segment.key.remote.port);
    store_be32(to + offsets::sequence, segment.sequence.value);
    store_be32(to + offsets::acknowledgement, segment.acknowledgement.value);
    to[offsets::data_offset] = DataOffset::make(static_cast<u8>(header_size / word_size));
    to[offsets::flags] = flags_of(segment);
    store_be16(to + offsets::window, segment.window);
    store_be16(to + offsets::checksum, 0);
    store_be16(to + offsets::urgent, 0);
    packet->transport_size = static_cast<u16>(header_size);
    if (checksum) {
        const IpHeader header{Protocol::Tcp, segment.key.local.address, segment.key.remote.address};
        store_be16(to + offsets::checksum, transport_checksum(*packet, header));
    }
    return packet;
}

std::optional<TcpSegment> read_tcp_packet(Packet& packet, const IpHeader& header, bool checksum) {
    const u8* from = packet.transport();
    const usize room = packet.transport_size;
    if (room < tcp_header_size) {
        return std::nullopt;
    }
    const usize header_size = DataOffset::get(from[offsets::data_offset]) * word_size;
    if (header_size != room || (checksum && transport_checksum(packet, header) != 0)) {
        return std::nullopt;
    }
    // Made where it is returned: a copy would read in one piece what was just written in several.
    std::optional<TcpSegment> read(std::in_place);
    TcpSegment& segment = *read;
    segment.key.local = {header.destination, load_be16(from + offsets::destination_port)};
    segment.key.remote = {header.source, load_be16(from + offsets::source_port)};
    segment.sequence = {load_be32(from + offsets::sequence)};
    segment.acknowledgement = {load_be32(from + offsets::acknowledgement)};
    const u8 flags = from[offsets::flags];
    segment.syn = Syn::test(flags);
    segment.ack = Ack::test(flags);
    segment.fin = Fin::test(flags);
    segment.reset = Reset::test(flags);
    segment.push = Push::test(flags);
    segment.window = load_be16(from + offsets::window);
    segment.payload = std::move(packet.payload);
    read_options({from + offsets::options, header_size - tcp_header_size}, segment);
    return read;
}

}  // namespace ringfence::kernel::net
