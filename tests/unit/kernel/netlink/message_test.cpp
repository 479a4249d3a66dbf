// SPDX-License-Identifier: MIT
// Messages are read as they were written, and what is malformed is left alone.
#include "kernel/core/netlink/message.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace ringfence::kernel::netlink {
namespace {

struct Seen {
    Header header;
    std::vector<u8> payload;
};

std::vector<Seen> messages_in(std::span<const u8> bytes) {
    std::vector<Seen> all;
    for_each_message(bytes, [&](const Header& header, std::span<const u8> payload) {
        all.push_back({header, {payload.begin(), payload.end()}});
    });
    return all;
}

TEST(NetlinkMessageTest, is_read_as_it_was_written) {
    u8 buffer[256];
    Writer writer(buffer);
    for (u32 i = 0; i < 3; ++i) {
        writer.begin(Header{.length = 0, .type = 20, .flags = 2, .sequence = i, .port = 9}, u32{i});
        writer.add(1, u8{7});
        writer.add_text(3, "lo");
        writer.add(5, u64{1} << 40);
        writer.end();
    }
    ASSERT_FALSE(writer.overflowed());
    const auto all = messages_in({buffer, writer.size()});
    ASSERT_EQ(all.size(), 3u);
    for (u32 i = 0; i < 3; ++i) {
        EXPECT_EQ(all[i].header.sequence, i);
        EXPECT_EQ(all[i].header.length, 16u + 4 + 8 + 8 + 12);
        const std::span<const u8> attributes = std::span<const u8>(all[i].payload).subspan(4);
        EXPECT_EQ(leading<u8>(find_attribute(attributes, 1)), 7);
        EXPECT_EQ(find_attribute(attributes, 3).size(), 3u) << "the final zero counts";
        EXPECT_EQ(leading<u64>(find_attribute(attributes, 5)), u64{1} << 40);
        EXPECT_TRUE(find_attribute(attributes, 2).empty());
    }
}

TEST(NetlinkMessageTest, that_does_not_fit_is_noted) {
    u8 buffer[24];
    Writer writer(buffer);
    writer.begin(Header{}, u32{0});
    EXPECT_FALSE(writer.overflowed());
    writer.add(1, u32{0});
    EXPECT_TRUE(writer.overflowed());
    EXPECT_LE(writer.size(), sizeof buffer);
}

TEST(NetlinkMessageTest, of_several_equal_attributes_the_last_counts) {
    u8 buffer[64];
    Writer writer(buffer);
    writer.begin(Header{}, u32{0});
    writer.add(1, u32{10});
    writer.add(1, u32{20});
    writer.end();
    EXPECT_EQ(leading<u32>(find_attribute({buffer + 20, writer.size() - 20}, 1)), 20u);
}

/// Whatever the bytes are, what is found lies within them and the search ends.
RC_GTEST_PROP(NetlinkMessageProperty, any_bytes_are_survived, (std::vector<u8> bytes)) {
    for (usize i = 0; i + 3 < bytes.size(); i += 16) {  // lengths that are likely
        bytes[i] = static_cast<u8>(*rc::gen::inRange(0, 40));
        bytes[i + 1] = bytes[i + 2] = bytes[i + 3] = 0;
    }
    usize total = 0;
    for (const Seen& seen : messages_in(bytes)) {
        RC_ASSERT(seen.header.length >= sizeof(Header));
        total += sizeof(Header) + seen.payload.size();
        static_cast<void>(find_attribute(seen.payload, 1));
    }
    RC_ASSERT(total <= bytes.size());
    for (u16 type = 0; type < 40; ++type) {
        const auto found = find_attribute(bytes, type);
        RC_ASSERT(found.empty() || (found.data() >= bytes.data() &&
                                    found.data() + found.size() <= bytes.data() + bytes.size()));
    }
}

}  // namespace
}  // namespace ringfence::kernel::netlink
