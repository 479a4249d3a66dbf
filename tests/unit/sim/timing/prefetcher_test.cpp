// SPDX-License-Identifier: MIT
// Each prefetcher: what it brings, what it must not, and that its switch is obeyed.
#include <gtest/gtest.h>

#include "sim/timing/memory_hierarchy.h"

namespace ringfence::sim::timing {
namespace {

constexpr u64 page = 4 * kib;

HierarchyParameters roomy_hierarchy() {
    HierarchyParameters parameters;
    parameters.l1i = {.sets = 64, .ways = 8, .latency = 4};
    parameters.l1d = {.sets = 64, .ways = 8, .latency = 4};
    parameters.l2 = {.sets = 1024, .ways = 8, .latency = 14};
    parameters.llc = {.sets = 2048, .ways = 16, .latency = 50};
    parameters.memory_latency = 200;
    parameters.fill_buffers = 12;
    parameters.l2_fill_buffers = 32;
    return parameters;
}

PhysicalAddress at(u64 address) {
    return PhysicalAddress{0x10'0000 + address};
}

class StrideSwitch : public ::testing::TestWithParam<bool> {};

TEST_P(StrideSwitch, ARegularLoadInstructionFindsItsNextLineInL1d) {
    HierarchyParameters parameters = roomy_hierarchy();
    parameters.stride_prefetcher = GetParam();
    for (const i64 stride : {i64{256}, i64{-192}, i64{1024}}) {
        MemoryHierarchy caches{parameters};
        u64 address = stride < 0 ? page - 8 : 0;
        Cycle now = 0;
        for (int i = 0; i < 3; ++i) {  // one repeated stride
            caches.load(at(address), now += 1000, 0x40'1000);
            address += static_cast<u64>(stride);
        }
        EXPECT_EQ(caches.in_l1d(at(address), now + 1000), false);
        caches.load(at(address - static_cast<u64>(stride)), now += 1000, 0x40'2000);
        EXPECT_FALSE(caches.in_l1d(at(address), now + 1000)) << "another instruction";
        const u64 before = address;
        caches.load(at(before), now += 1000, 0x40'1000);
        const bool inside = before + static_cast<u64>(stride) < page;
        EXPECT_EQ(caches.in_l1d(at(before + static_cast<u64>(stride)), now + 1000),
                  GetParam() && inside)
            << stride;
    }
}
INSTANTIATE_TEST_SUITE_P(OnAndOff, StrideSwitch, ::testing::Bool());

TEST(StridePrefetcher, StaysInThePageAndWithinTwoKibibytes) {
    StridePrefetcher prefetcher;
    const auto last_of = [&](u64 first, u64 stride, int loads) {
        std::optional<PhysicalAddress> last;
        for (int i = 0; i < loads; ++i) {
            last = prefetcher.observe(at(first + static_cast<u64>(i) * stride), 1);
        }
        return last;
    };
    EXPECT_EQ(last_of(0, 512, 4), at(2048));
    EXPECT_EQ(last_of(page - 4 * 512, 512, 4), std::nullopt) << "the next page";
    EXPECT_EQ(last_of(8 * page, 2 * kib + 64, 4), std::nullopt) << "too long a stride";
    EXPECT_EQ(last_of(12 * page, 8, 4), std::nullopt) << "the same line";
    EXPECT_EQ(last_of(12 * page + 32, 8, 4), at(12 * page + 64));
}

class StreamerSwitch : public ::testing::TestWithParam<bool> {};

TEST_P(StreamerSwitch, AStreamOfMissesFindsTheNextLinesInL2) {
    HierarchyParameters parameters = roomy_hierarchy();
    parameters.streamer = GetParam();
    for (const bool descending : {false, true}) {
        MemoryHierarchy caches{parameters};
        Cycle now = 0;
        const auto nth = [&](u64 i) { return at((descending ? 40 - i : i) * 64); };
        for (u64 i = 0; i < 3; ++i) {
            caches.load(nth(i), now += 1000, i);
        }
        EXPECT_EQ(caches.l2_holds(nth(3)), GetParam());
        EXPECT_EQ(caches.l2_holds(nth(4)), GetParam());
        EXPECT_FALSE(caches.l1d_holds(nth(3)));
        const CacheTime next = caches.load(nth(3), now += 1000, 3);
        EXPECT_EQ(next.level, GetParam() ? Level::L2 : Level::Memory);
    }
}
INSTANTIATE_TEST_SUITE_P(OnAndOff, StreamerSwitch, ::testing::Bool());

TEST(StreamPrefetcher, RunsAtMostTwentyLinesAheadAndNotBeyondThePage) {
    StreamPrefetcher prefetcher;
    const u64 first = 64 * 100;
    u64 reached = 0;
    for (u64 i = 0; i < 64; ++i) {
        const auto ahead = prefetcher.observe(first + i);
        if (ahead.count != 0) {
            EXPECT_LE(ahead.count, 2U);
            EXPECT_GT(ahead.first, reached) << "never twice";
            reached = ahead.first + ahead.count - 1;
            prefetcher.went_as_far_as(reached);
            EXPECT_LE(reached, first + i + 20);
        }
    }
    EXPECT_EQ(reached, first + 63) << "up to the page's end, and no further";
}

TEST(StreamPrefetcher, LinesThatFoundNoBufferComeAgain) {
    StreamPrefetcher prefetcher;
    prefetcher.observe(0);
    prefetcher.observe(1);
    EXPECT_EQ(prefetcher.observe(2).first, 3U);
    prefetcher.went_as_far_as(3);  // but not as far as 4
    EXPECT_EQ(prefetcher.observe(3).first, 4U);
}

TEST(StreamPrefetcher, OnePageHasOneDirectionAtATime) {
    StreamPrefetcher prefetcher;
    for (const u64 line : {10U, 20U, 5U, 30U, 2U, 40U}) {
        EXPECT_EQ(prefetcher.observe(line).count, 0U);
    }
}

TEST(StreamPrefetcher, FollowsThirtyTwoPages) {
    StreamPrefetcher prefetcher;
    const auto touch_all = [&](u64 pages, u64 line) {
        unsigned streams = 0;
        for (u64 p = 0; p < pages; ++p) {
            streams += prefetcher.observe(p * 64 + line).count != 0 ? 1 : 0;
        }
        return streams;
    };
    touch_all(32, 0);
    touch_all(32, 1);
    EXPECT_EQ(touch_all(32, 2), 32U);
    prefetcher.clear();
    touch_all(33, 0);
    touch_all(33, 1);
    EXPECT_EQ(touch_all(33, 2), 0U) << "each took the place of the one that comes next";
}

class AdjacentSwitch : public ::testing::TestWithParam<bool> {};

TEST_P(AdjacentSwitch, AnL2MissBringsTheOtherHalfOf128Bytes) {
    HierarchyParameters parameters = roomy_hierarchy();
    parameters.adjacent_line = GetParam();
    MemoryHierarchy caches{parameters};
    caches.load(at(128), 0, 0);
    caches.load(at(576), 0, 0);  // the odd one of its pair
    EXPECT_EQ(caches.l2_holds(at(192)), GetParam());
    EXPECT_EQ(caches.l2_holds(at(512)), GetParam());
    EXPECT_FALSE(caches.l2_holds(at(64)) || caches.l2_holds(at(256)) || caches.l2_holds(at(640)));
    EXPECT_EQ(caches.statistics().adjacent_line.issued, GetParam() ? 2U : 0U);
}
INSTANTIATE_TEST_SUITE_P(OnAndOff, AdjacentSwitch, ::testing::Bool());

class NextLineSwitch : public ::testing::TestWithParam<bool> {};

TEST_P(NextLineSwitch, StraightCodeFindsItsNextLineInL1i) {
    HierarchyParameters parameters = roomy_hierarchy();
    parameters.next_line_instructions = GetParam();
    MemoryHierarchy caches{parameters};
    Cycle now = 0;
    EXPECT_EQ(caches.fetch(at(0), now += 1000).level, Level::Memory);
    EXPECT_EQ(caches.l1i_holds(at(64)), GetParam());
    // The first use of a prefetched line goes on.
    EXPECT_EQ(caches.fetch(at(64), now += 1000).level, GetParam() ? Level::L1 : Level::Memory);
    EXPECT_EQ(caches.l1i_holds(at(128)), GetParam());
    caches.fetch(at(page - 64), now += 1000);
    EXPECT_FALSE(caches.l1i_holds(at(page))) << "the next page";
}
INSTANTIATE_TEST_SUITE_P(OnAndOff, NextLineSwitch, ::testing::Bool());

TEST(Prefetchers, TakeOnlyBuffersThatAreFree) {
    HierarchyParameters parameters = roomy_hierarchy();
    parameters.adjacent_line = true;
    parameters.l2_fill_buffers = 1;
    MemoryHierarchy caches{parameters};
    caches.load(at(0), 0, 0);  // takes the only one
    EXPECT_FALSE(caches.l2_holds(at(64)));
    EXPECT_EQ(caches.statistics().adjacent_line.dropped, 1U);
    EXPECT_EQ(caches.load(at(256), 200, 0).ready, 400U) << "no demand waits for a prefetch";
}

}  // namespace
}  // namespace ringfence::sim::timing
