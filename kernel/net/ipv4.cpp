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

}  // namespace

void write_ipv4_header(Packet& packet, const IpHeader& header, u16 identification) {
    packet.network_size = ipv4_header_size;
    u8* to = packet.network();
    to[offsets::version_and_length] = version_4_without_options;
    to[offsets::type_of_service] = header.marks.traffic_class;
    store_be16(to + offsets::total_length, static_cast<u16>(packet.size()));
    store_be16(to + offsets::identification, identification);
    store_be16(to + offsets::fragment, DontFragment::mask);
    to[offsets::time_to_live] = header.marks.hop_limit;
    to[offsets::protocol] = static_cast<u8>(header.protocol);
    store_be16(to + offsets::checksum, 0);
    store_be32(to + offsets::source, header.source.v4());
    store_be32(to + offsets::destination, header.destination.v4());
    Checksum sum;
    sum.add({to, ipv4_header_size});
    store_be16(to + offsets::checksum, sum.value());
}

std::optional<IpHeader> read_ipv4_header(const Packet& packet) {
    const u8* from = packet.network();
    if (from[offsets::version_and_length] != version_4_without_options ||
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
    return read_ipv4_fields(from);
}

IpHeader read_ipv4_fields(const u8* header) {
    return IpHeader{.protocol = Protocol{header[offsets::protocol]},
                    .source = from_v4(load_be32(header + offsets::source)),
                    .destination = from_v4(load_be32(header + offsets::destination)),
                    .marks = {.hop_limit = header[offsets::time_to_live],
                              .traffic_class = header[offsets::type_of_service]}};
}

}  // namespace ringfence::kernel::net
