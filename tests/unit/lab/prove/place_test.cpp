// SPDX-License-Identifier: MIT
// Which of many moments are chosen, and where a run is saved for them.
#include "lab/prove/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace ringfence::lab::prove {
namespace {

using ::testing::ElementsAre;

Place place(u64 rip) {
    return {.rip = VirtualAddress{rip}};
}
Moment moment(u64 instructions, u64 rip = 0x1000) {
    return {.instructions = instructions, .rip = VirtualAddress{rip}};
}
std::vector<u64> counts(const std::vector<Occurrence>& occurrences) {
    std::vector<u64> counts;
    for (const Occurrence& occurrence : occurrences) {
        counts.push_back(occurrence.moment.instructions);
    }
    return counts;
}

TEST(Places, AreOnesOfTheirOwnByWhereTheyWereReachedFrom) {
    const Place from_user{.rip = VirtualAddress{1}, .origin = Origin::User};
    const Place from_kernel{.rip = VirtualAddress{1}, .origin = Origin::Kernel};
    const Place from_path{.rip = VirtualAddress{1}, .from = VirtualAddress{2}};
    const Place from_elsewhere{.rip = VirtualAddress{1}, .from = VirtualAddress{3}};
    EXPECT_NE(from_user, from_kernel);
    EXPECT_NE(from_path, from_elsewhere);
    EXPECT_NE(from_path, from_user);
}

TEST(Spread, TakesTheFirstTheLastAndEvenlyBetween) {
    Occurrences all;
    for (u64 i = 0; i <= 100; ++i) {
        all[place(1)].push_back(moment(10 * i));
    }
    EXPECT_THAT(counts(spread(all, 1)), ElementsAre(0));
    EXPECT_THAT(counts(spread(all, 2)), ElementsAre(0, 1000));
    EXPECT_THAT(counts(spread(all, 5)), ElementsAre(0, 250, 500, 750, 1000));
}

TEST(Spread, TakesAllOfAFewAndNoneTwice) {
    Occurrences all;
    all[place(1)] = {moment(5), moment(7)};
    EXPECT_THAT(counts(spread(all, 20)), ElementsAre(5, 7));
}

TEST(Spread, SparesNoPlaceAndFollowsTheRun) {
    Occurrences all;
    all[place(1)] = {moment(50), moment(60)};
    all[place(2)] = {moment(10), moment(90)};
    const auto chosen = spread(all, 2);
    EXPECT_THAT(counts(chosen), ElementsAre(10, 50, 60, 90));
    EXPECT_EQ(chosen.front().place, place(2));
}

TEST(Spread, PutsAHandlerBehindWhatFaulted) {
    Occurrences all;
    all[place(0x2000)] = {moment(5, 0x2000)};
    all[place(0x1000)] = {moment(5, 0x1000)};
    all[place(0x3000)] = {moment(4, 0x3000)};
    EXPECT_THAT(counts(spread(all, 1)), ElementsAre(4, 5, 5));
}

TEST(Sample, HasTheEndsAndNoMoreThanThereAre) {
    std::vector<Occurrence> from;
    for (u64 i = 0; i < 10; ++i) {
        from.push_back({moment(i), place(i)});
    }
    const std::span<const Occurrence> all{from};
    EXPECT_THAT(counts(sample(all, 4)), ElementsAre(0, 3, 6, 9));
    EXPECT_EQ(sample(all, 100).size(), from.size());
    EXPECT_TRUE(sample(std::span<const Occurrence>{}, 3).empty());
}

TEST(Checkpoints, LieNoFurtherBackThanWanted) {
    Occurrences all;
    for (u64 i = 0; i < 50; ++i) {
        all[place(i)].push_back(moment(100 + 7 * i));
    }
    const auto chosen = spread(all, 1);
    constexpr u64 distance = 30;
    const auto saved = checkpoints(chosen, 90, distance);
    EXPECT_EQ(saved.front(), 90U);
    EXPECT_TRUE(std::ranges::is_sorted(saved));
    for (const Occurrence& occurrence : chosen) {
        const u64 at = saved[nearest_checkpoint(saved, occurrence.moment)];
        EXPECT_LE(at, occurrence.moment.instructions);
        EXPECT_LE(occurrence.moment.instructions - at, distance);
    }
    EXPECT_LT(saved.size(), 50 * 7 / distance + 2);
}

TEST(Checkpoints, AreNotMadeWhereNothingHappens) {
    Occurrences all;
    all[place(1)] = {moment(1'000'000)};
    EXPECT_THAT(checkpoints(spread(all, 1), 10, 100), ElementsAre(10, 1'000'000));
    EXPECT_THAT(checkpoints({}, 10, 100), ElementsAre(10));
}

}  // namespace
}  // namespace ringfence::lab::prove
