// SPDX-License-Identifier: MIT
#include "kernel/net/ipv4.h"

#include "base/bits.h"
#include "kernel/net/byte_order.h"

namespace ringfence::kernel::net {

namespace {

/// Where the fields lie, in bytes.
namespace offsets {
constexpr usize version_and_length = 0;
constexpr usize type_of_service = 1;
constexpr usize total_length = 2;
constexpr usize identification = 4;
constexpr usize fragment = 6;
constexpr usize time_to_live = 8;
constexpr usize protocol = 9;
constexpr usize checksum = 10;
constexpr usize source = 12;
constexpr usize destination = 16;
}  // namespace offsets

using DontFragment = Flag<14, u16>;
using MoreFragments = Flag<13, u16>;
using FragmentOffset = Bitfield<0, 13, u16>;
constexpr u8 version_4_without_options = 0x45;
constexpr u8 time_to_live = 64;

}  // namespace

void write_ipv4_header(Packet& packet, const Ipv4Header& header, u16 identification) {
    u8* to = packet.header;
    to[offsets::version_and_length] = version_4_without_options;
    to[offsets::type_of_service] = 0;
    store_be16(to + offsets::total_length, static_cast<u16>(packet.size()));
    store_be16(to + offsets::identification, identification);
    store_be16(to + offsets::fragment, DontFragment::mask);
    to[offsets::time_to_live] = time_to_live;
    to[offsets::protocol] = static_cast<u8>(header.protocol);
    store_be16(to + offsets::checksum, 0);
    store_be32(to + offsets::source, header.source.value);
    store_be32(to + offsets::destination, header.destination.value);
    Checksum sum;
    sum.add({to, ipv4_header_size});
    store_be16(to + offsets::checksum, sum.value());
}

std::optional<Ipv4Header> read_ipv4_header(const Packet& packet) {
    const u8* from = packet.header;
    if (packet.header_size < ipv4_header_size ||
        from[offsets::version_and_length] != version_4_without_options ||
        load_be16(from + offsets::total_length) != packet.size()) {
        return std::nullopt;
    }
    const u16 fragment = load_be16(from + offsets::fragment);
    if (MoreFragments::test(fragment) || FragmentOffset::get(fragment) != 0) {
        return std::nullopt;
    }
    Checksum sum;
    sum.add({from, ipv4_header_size});
    if (sum.value() != 0) {
        return std::nullopt;
    }
    return Ipv4Header{.protocol = Protocol{from[offsets::protocol]},
                      .source = {load_be32(from + offsets::source)},
                      .destination = {load_be32(from + offsets::destination)}};
}

Checksum pseudo_header_sum(const Ipv4Header& header, usize transport_size) {
    u8 addresses[8];
    store_be32(addresses, header.source.value);
    store_be32(addresses + 4, header.destination.value);
    Checksum sum;
    sum.add(addresses);
    sum.add_word(static_cast<u16>(header.protocol));
    sum.add_word(static_cast<u16>(transport_size));
    return sum;
}

}  // namespace ringfence::kernel::net
