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

TcpSegment any_segment() {
    TcpSegment segment{
        .key = {{{*rc::gen::arbitrary<u32>()}, *rc::gen::arbitrary<u16>()},
                {{*rc::gen::arbitrary<u32>()}, *rc::gen::arbitrary<u16>()}},
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
    write_ipv4_header(*packet,
                      {Protocol::Tcp, segment.key.local.address, segment.key.remote.address}, 1);
    return packet;
}

RC_GTEST_PROP(TcpSegmentProperty, is_read_as_it_was_written, ()) {
    const TcpSegment sent = any_segment();
    const auto packet = packet_of(sent);
    const auto header = read_ipv4_header(*packet);
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
    const usize at = *rc::gen::inRange<usize>(0, packet->size());
    u8* byte = at < packet->header_size
                   ? packet->header + at
                   : const_cast<u8*>(packet->payload.bytes().data()) + (at - packet->header_size);
    *byte ^= static_cast<u8>(1U << *rc::gen::inRange(0, 8));
    const auto header = read_ipv4_header(*packet);
    RC_ASSERT(!header || !read_tcp_packet(*packet, *header, true));
}

RC_GTEST_PROP(TcpSegmentProperty, options_of_any_kind_are_survived, ()) {
    TcpSegment segment{.maximum_size = u16{1}, .window_scale = u8{1}};
    const auto packet = packet_of(segment);
    for (usize i = ipv4_header_size + tcp_header_size; i < packet->header_size; ++i) {
        packet->header[i] = *rc::gen::element<u8>(0, 1, 2, 3, 4, 5, 8, 255);
    }
    const auto header = read_ipv4_header(*packet);
    RC_ASSERT(header.has_value());
    RC_ASSERT(read_tcp_packet(*packet, *header, false).has_value());
}

TEST(Ipv4Test, refuses_what_it_does_not_understand) {
    const TcpSegment segment{};
    const auto good = [&] { return packet_of(segment); };
    const auto changed = [&](usize at, u8 value) {
        auto packet = good();
        packet->header[at] = value;
        store_be16(packet->header + 10, 0);
        Checksum sum;
        sum.add({packet->header, ipv4_header_size});
        store_be16(packet->header + 10, sum.value());
        return read_ipv4_header(*packet).has_value();
    };
    EXPECT_TRUE(read_ipv4_header(*good()).has_value());
    EXPECT_FALSE(changed(0, 0x46));  // options
    EXPECT_FALSE(changed(0, 0x65));  // version 6
    EXPECT_FALSE(changed(3, 200));   // length
    EXPECT_FALSE(changed(6, 0x20));  // more fragments
    EXPECT_FALSE(changed(7, 1));     // not the first
    EXPECT_TRUE(changed(8, 1));      // time to live
    auto damaged = good();
    damaged->header[10] ^= 1;
    EXPECT_FALSE(read_ipv4_header(*damaged).has_value());
    damaged->header_size = 10;
    EXPECT_FALSE(read_ipv4_header(*damaged).has_value());
}

}  // namespace
}  // namespace ringfence::kernel::net::testing
