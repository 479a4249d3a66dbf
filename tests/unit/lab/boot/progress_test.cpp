// SPDX-License-Identifier: MIT
#include "lab/boot/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringfence::lab::boot {
namespace {

using sim::observe::Counters;
using sim::observe::Place;
using ::testing::HasSubstr;

constexpr u64 clock_hz = 1'000'000'000;
constexpr u64 patience = 1000;
constexpr u64 day = 86'400 * clock_hz;

/// A guest whose time passes as its instructions do.
class Guest {
public:
    void runs(u64 instructions, Place place = Place::Kernel) {
        counters_.instructions_at(place) += instructions;
        cycles_ += instructions;
    }
    void sleeps(u64 cycles, bool may_wait = false) {
        progress.halted(may_wait);
        cycles_ += cycles;
    }
    void begins() { progress.begin(counters_, cycles_); }
    [[nodiscard]] bool gets_on() { return progress.look(counters_, cycles_); }

    Progress progress{patience, clock_hz};

private:
    Counters counters_;
    u64 cycles_ = 0;
};

TEST(Progress, EndsWithPatience) {
    Guest guest;
    guest.runs(patience - 1);
    EXPECT_TRUE(guest.gets_on());
    guest.runs(1);
    EXPECT_FALSE(guest.gets_on());
    EXPECT_THAT(guest.progress.words(), HasSubstr("1000 instructions without"));
}

TEST(Progress, AnySignOfLifeBeginsAnew) {
    Guest guest;
    const auto lives_by = [&](const auto& sign) {
        guest.runs(patience - 1);
        EXPECT_TRUE(guest.gets_on());
        guest.runs(patience);
        sign();
        EXPECT_TRUE(guest.gets_on());
    };
    lives_by([&] { guest.progress.sent(); });
    lives_by([&] { guest.progress.mark(1); });
    lives_by([&] { guest.runs(1, Place::User); });
    lives_by([&] { guest.sleeps(1); });
    guest.runs(patience);
    EXPECT_FALSE(guest.gets_on());
}

TEST(Progress, OneThatSleepsHasADay) {
    Guest guest;
    guest.sleeps(day - 1);
    EXPECT_TRUE(guest.gets_on());
    guest.sleeps(1);
    EXPECT_FALSE(guest.gets_on());
    EXPECT_THAT(guest.progress.words(), HasSubstr("a day of its time"));
}

TEST(Progress, OneThatWaitsForSomebodyMayDoSoForEver) {
    Guest guest;
    for (int i = 0; i < 3; ++i) {
        guest.sleeps(day, true);
        EXPECT_TRUE(guest.gets_on());
    }
}

TEST(Progress, CountsFromWhereTheRunBegins) {
    Guest guest;
    guest.runs(patience);
    guest.runs(1, Place::User);
    guest.begins();
    guest.runs(patience - 1);
    EXPECT_TRUE(guest.gets_on());
    guest.runs(1);
    EXPECT_FALSE(guest.gets_on());
}

TEST(Progress, WithoutPatienceNothingIsTooLong) {
    Progress progress(0, clock_hz);
    Counters counters;
    counters.instructions_at(Place::Kernel) = u64{1} << 50U;
    EXPECT_TRUE(progress.look(counters, 3 * day));
    EXPECT_GT(progress.until_next_look(), 0U);
}

TEST(Progress, IsLookedAtInTime) {
    EXPECT_EQ(Progress(patience, clock_hz).until_next_look(), patience);
    EXPECT_LT(Progress(u64{1} << 40U, clock_hz).until_next_look(), u64{1} << 30U);
}

}  // namespace
}  // namespace ringfence::lab::boot
