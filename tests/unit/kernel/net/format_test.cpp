// SPDX-License-Identifier: MIT
// Headers and checksums, against the standards' own words and against each other.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <numeric>

#include "kernel/net/byte_order.h"
#include "kernel/net/tcp_segment.h"
#include "tests/unit/kernel/net/wire.h"

namespace ringfence::kernel::net::testing {
namespace {

/// As [rfc/1071] 4.1 writes it down.
u16 plain_checksum(std::span<const u8> bytes) {
    u32 sum = 0;
    for (usize i = 0; i < bytes.size(); i += 2) {
        sum += u32{bytes[i]} << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
    }
    while ((sum >> 16) != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<u16>(~sum);
}

TEST(ChecksumTest, agrees_with_the_example_of_rfc_1071) {
    const u8 bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    Checksum sum;
    sum.add(bytes);
    EXPECT_EQ(sum.value(), static_cast<u16>(~0xddf2));
}

RC_GTEST_PROP(ChecksumProperty, is_the_plain_one, (const std::vector<u8>& bytes)) {
    Checksum sum;
    sum.add(bytes);
    RC_ASSERT(sum.value() == plain_checksum(bytes));
}

RC_GTEST_PROP(ChecksumProperty, does_not_depend_on_the_parts, (const std::vector<u8>& bytes)) {
    const usize cut = *rc::gen::inRange<usize>(0, bytes.size() + 1) & ~usize{1};
    Checksum sum;
    sum.add(std::span<const u8>(bytes).first(cut));
    sum.add(std::span<const u8>(bytes).subspan(cut));
    RC_ASSERT(sum.value() == plain_checksum(bytes));
}

TEST(SequenceTest, goes_round) {
    const Sequence last{0xffffffff};
    EXPECT_LT(last, last + 1);
    EXPECT_GT(last + 1, last);
    EXPECT_EQ((last + 5) - last, 5u);
    EXPECT_LE(last, last);
    EXPECT_EQ(later(last, Sequence{3}), Sequence{3});
}

Slice slice_of(const std::vector<u8>& bytes) {
    const Ref<Buffer> buffer = Buffer::allocate(bytes.size());
    std::ranges::copy(bytes, buffer->room().begin());
    buffer->append(bytes.size());
    return Slice(buffer, 0, bytes.size());
}

/// High halves other than zero are never mistaken for IPv4's.
IpAddress any_host(bool v4) {
    return v4 ? from_v4(*rc::gen::arbitrary<u32>())
              : IpAddress{*rc::gen::inRange<u64>(1, ~u64{0}), *rc::gen::arbitrary<u64>()};
}

TcpSegment any_segment() {
    const bool v4 = *rc::gen::arbitrary<bool>();
    TcpSegment segment{
        .key = {{any_host(v4), *rc::gen::arbitrary<u16>()},
                {any_host(v4), *rc::gen::arbitrary<u16>()}},
        .sequence = {*rc::gen::arbitrary<u32>()},
        .acknowledgement = {*rc::gen::arbitrary<u32>()},
        .syn = *rc::gen::arbitrary<bool>(),
        .ack = *rc::gen::arbitrary<bool>(),
        .fin = *rc::gen::arbitrary<bool>(),
        .reset = *rc::gen::arbitrary<bool>(),
        .push = *rc::gen::arbitrary<bool>(),
        .window = *rc::gen::arbitrary<u16>(),
        .payload = slice_of(*rc::gen::container<std::vector<u8>>(rc::gen::arbitrary<u8>()))};
    if (*rc::gen::arbitrary<bool>()) {
        segment.maximum_size = *rc::gen::arbitrary<u16>();
    }
    if (*rc::gen::arbitrary<bool>()) {
        segment.window_scale = *rc::gen::arbitrary<u8>();
    }
    return segment;
}

std::unique_ptr<Packet> packet_of(const TcpSegment& segment) {
    std::unique_ptr<Packet> packet(make_tcp_packet(segment, true));
    write_ip_header(*packet, {Protocol::Tcp, segment.key.local.address, segment.key.remote.address},
                    1);
    return packet;
}

RC_GTEST_PROP(TcpSegmentProperty, is_read_as_it_was_written, ()) {
    const TcpSegment sent = any_segment();
    const auto packet = packet_of(sent);
    const auto header = read_ip_header(*packet);
    RC_ASSERT(header.has_value());
    const auto got = read_tcp_packet(*packet, *header, true);
    RC_ASSERT(got.has_value());
    RC_ASSERT(got->key.local == sent.key.remote && got->key.remote == sent.key.local);
    RC_ASSERT(got->sequence == sent.sequence && got->acknowledgement == sent.acknowledgement);
    RC_ASSERT(got->syn == sent.syn && got->ack == sent.ack && got->fin == sent.fin);
    RC_ASSERT(got->reset == sent.reset && got->push == sent.push && got->window == sent.window);
    RC_ASSERT(got->maximum_size == sent.maximum_size && got->window_scale == sent.window_scale);
    RC_ASSERT(std::ranges::equal(got->payload.bytes(), sent.payload.bytes()));
}

RC_GTEST_PROP(TcpSegmentProperty, one_changed_bit_is_found, ()) {
    const auto packet = packet_of(any_segment());
    // Before the lengths and addresses, IPv6's header has nothing that a checksum covers.
    const usize covered = packet->network_size == ipv6_header_size ? 8 : 0;
    const usize at = *rc::gen::inRange<usize>(covered, packet->size());
    u8* byte = at < packet->header_size()
                   ? packet->network() + at
                   : const_cast<u8*>(packet->payload.bytes().data()) + (at - packet->header_size());
    *byte ^= static_cast<u8>(1U << *rc::gen::inRange(0, 8));
    const auto header = read_ip_header(*packet);
    RC_ASSERT(!header || !read_tcp_packet(*packet, *header, true));
}

RC_GTEST_PROP(TcpSegmentProperty, options_of_any_kind_are_survived, ()) {
    const TcpSegment segment{.maximum_size = u16{1}, .window_scale = u8{1}};
    const auto packet = packet_of(segment);
    for (usize i = tcp_header_size; i < packet->transport_size; ++i) {
        packet->transport()[i] = *rc::gen::element<u8>(0, 1, 2, 3, 4, 5, 8, 255);
    }
    const auto header = read_ip_header(*packet);
    RC_ASSERT(header.has_value());
    RC_ASSERT(read_tcp_packet(*packet, *header, false).has_value());
}

/// The header of a packet from 10.0.0.1 or fd00::1, with one byte changed.
std::unique_ptr<Packet> changed_packet(const Addresses& addresses, usize at, u8 value) {
    const TcpSegment segment{.key = {{addresses.left, 1}, {addresses.right, 2}}};
    auto packet = packet_of(segment);
    packet->network()[at] = value;
    return packet;
}

TEST(Ipv4Test, refuses_what_it_does_not_understand) {
    const auto changed = [](usize at, u8 value) {
        const auto packet = changed_packet(v4_addresses, at, value);
        store_be16(packet->network() + 10, 0);
        Checksum sum;
        sum.add({packet->network(), ipv4_header_size});
        store_be16(packet->network() + 10, sum.value());
        return read_ip_header(*packet).has_value();
    };
    EXPECT_TRUE(changed(0, 0x45));
    EXPECT_FALSE(changed(0, 0x46));  // options
    EXPECT_FALSE(changed(0, 0x65));  // version 6
    EXPECT_FALSE(changed(3, 200));   // length
    EXPECT_FALSE(changed(6, 0x20));  // more fragments
    EXPECT_FALSE(changed(7, 1));     // not the first
    EXPECT_TRUE(changed(8, 1));      // time to live
    const auto damaged = changed_packet(v4_addresses, 10, 0);
    EXPECT_FALSE(read_ip_header(*damaged).has_value());
    damaged->network_size = 10;
    EXPECT_FALSE(read_ip_header(*damaged).has_value());
}

TEST(Ipv6Test, refuses_what_it_does_not_understand) {
    const auto changed = [](usize at, u8 value) {
        return read_ip_header(*changed_packet(v6_addresses, at, value)).has_value();
    };
    EXPECT_TRUE(changed(0, 0x60));
    EXPECT_FALSE(changed(0, 0x40));  // version 4
    EXPECT_FALSE(changed(5, 200));   // length
    EXPECT_TRUE(changed(7, 1));      // hop limit
}

TEST(Ipv6Test, refuses_addresses_that_would_be_taken_for_ipv4) {
    const auto packet = changed_packet(v6_addresses, 0, 0x60);
    store_address(packet->network() + 8, ipv4(127, 0, 0, 1));
    EXPECT_FALSE(read_ip_header(*packet).has_value());
}

TEST(IpTest, marks_arrive_as_they_were_sent) {
    for (const Addresses& addresses : {v4_addresses, v6_addresses}) {
        Packet packet;
        packet.transport_size = 0;
        write_ip_header(packet, {Protocol::Udp, addresses.left, addresses.right, {7, 0xb8}}, 1);
        const auto header = read_ip_header(packet);
        ASSERT_TRUE(header.has_value());
        EXPECT_EQ(header->marks.hop_limit, 7);
        EXPECT_EQ(header->marks.traffic_class, 0xb8);
        EXPECT_EQ(header->source, addresses.left);
        EXPECT_EQ(header->destination, addresses.right);
    }
}

TEST(IpAddressTest, knows_kinds) {
    EXPECT_TRUE(ipv4(127, 1, 2, 3).is_loopback() && loopback_v6.is_loopback());
    EXPECT_FALSE(ipv4(126, 1, 2, 3).is_loopback() || v6_addresses.left.is_loopback());
    EXPECT_TRUE(any_v4.is_any() && any_v6.is_any() && any_v4.is_v4() && !any_v6.is_v4());
    EXPECT_TRUE(ipv4(224, 0, 0, 1).is_multicast() && ipv4(255, 255, 255, 255).is_multicast());
    EXPECT_TRUE((IpAddress{u64{0xff02} << 48, 1}).is_multicast());
    EXPECT_TRUE((IpAddress{u64{0xfe80} << 48, 1}).is_link_local());
    EXPECT_FALSE(v6_addresses.left.is_link_local() || v6_addresses.left.is_multicast());
    EXPECT_FALSE(any_v6.is_unicast() || any_v4.is_unicast());
    EXPECT_TRUE(loopback_v6.is_unicast() && loopback_v4.is_unicast());
}

}  // namespace
}  // namespace ringfence::kernel::net::testing
