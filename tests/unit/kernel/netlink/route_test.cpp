// SPDX-License-Identifier: MIT
// What NETLINK_ROUTE answers; programs compare it with Linux's answers
// (guest/programs/netlink.cpp).
#include "kernel/core/netlink/route.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace ringfence::kernel::netlink {
namespace {

constexpr u16 get_link = 18;
constexpr u16 new_address = 20;
constexpr u16 get_address = 22;
constexpr u16 get_route = 26;

struct Answer {
    Fallible<void> outcome;
    std::vector<u8> bytes;

    [[nodiscard]] std::vector<Header> headers() const {
        std::vector<Header> all;
        for_each_message(bytes,
                         [&](const Header& header, std::span<const u8>) { all.push_back(header); });
        return all;
    }
};

Answer answer(u16 type, u16 flags, const std::vector<u8>& payload, bool privileged = true) {
    u8 buffer[most_route_answer];
    Writer writer(buffer);
    const RouteRequest request{
        .header = {.length = 0, .type = type, .flags = flags, .sequence = 5, .port = 0},
        .payload = payload,
        .asker = 1234,
        .privileged = privileged};
    const auto outcome = answer_route(request, {.packets = 3, .bytes = 300}, writer);
    EXPECT_FALSE(writer.overflowed());
    return {outcome, {buffer, buffer + writer.size()}};
}

std::vector<u8> of_family(u8 family, usize size) {
    std::vector<u8> payload(size);
    payload[0] = family;
    return payload;
}

TEST(RouteTest, lists_go_to_who_asked) {
    const Answer links = answer(get_link, dump_flags, of_family(0, 16));
    ASSERT_TRUE(links.outcome);
    ASSERT_EQ(links.headers().size(), 1u);
    const Header head = links.headers()[0];
    EXPECT_EQ(head.type, 16);
    EXPECT_EQ(head.port, 1234u);
    EXPECT_EQ(head.sequence, 5u);
    EXPECT_TRUE(Multipart::test(head.flags));
}

TEST(RouteTest, lists_hold_what_the_family_has) {
    EXPECT_EQ(answer(get_address, dump_flags, of_family(0, 8)).headers().size(), 2u);
    EXPECT_EQ(answer(get_address, dump_flags, of_family(2, 8)).headers().size(), 1u);
    EXPECT_EQ(answer(get_address, dump_flags, of_family(10, 8)).headers().size(), 1u);
    EXPECT_EQ(answer(get_route, dump_flags, of_family(2, 12)).headers().size(), 3u);
    EXPECT_EQ(answer(get_route, dump_flags, of_family(10, 12)).headers().size(), 1u);
}

TEST(RouteTest, counts_what_went_through) {
    const Answer links = answer(get_link, dump_flags, of_family(0, 16));
    const auto statistics =
        find_attribute(std::span<const u8>(links.bytes).subspan(sizeof(Header) + 16), 23);
    ASSERT_EQ(statistics.size(), 25 * sizeof(u64));
    EXPECT_EQ(leading<u64>(statistics), 3u);
    EXPECT_EQ(leading<u64>(statistics.subspan(2 * sizeof(u64))), 300u);
}

TEST(RouteTest, refuses_changes_as_the_asker_may) {
    EXPECT_EQ(answer(new_address, 0, of_family(2, 8), false).outcome.error(), Errno::Eperm);
    EXPECT_EQ(answer(new_address, 0, of_family(2, 8), true).outcome.error(), Errno::Eopnotsupp);
    EXPECT_EQ(answer(200, 0, of_family(2, 8), false).outcome.error(), Errno::Eopnotsupp);
}

TEST(RouteTest, refuses_what_is_too_short) {
    EXPECT_TRUE(answer(get_link, 0, {}).outcome) << "nothing asked, nothing answered";
    EXPECT_TRUE(answer(get_link, 0, {}).bytes.empty());
    EXPECT_EQ(answer(get_link, 0, of_family(0, 4)).outcome.error(), Errno::Einval);
    EXPECT_EQ(answer(get_route, 0, of_family(2, 4)).outcome.error(), Errno::Einval);
    EXPECT_EQ(answer(get_address, 0, of_family(10, 4)).outcome.error(), Errno::Einval);
}

/// No request makes the answer too long for its buffer, or reads beyond its own end.
RC_GTEST_PROP(RouteProperty, any_request_is_survived, (const std::vector<u8>& payload)) {
    const auto type = *rc::gen::inRange<u16>(16, 130);
    const auto flags = *rc::gen::element<u16>(0, dump_flags, 0x100, 0x200);
    const Answer given = answer(type, flags, payload, *rc::gen::arbitrary<bool>());
    RC_ASSERT(given.bytes.size() <= most_route_answer);
    usize total = 0;
    for (const Header& header : given.headers()) {
        total += aligned(header.length);
    }
    RC_ASSERT(total == given.bytes.size());
}

}  // namespace
}  // namespace ringfence::kernel::netlink
