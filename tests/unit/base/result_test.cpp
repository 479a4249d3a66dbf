// SPDX-License-Identifier: MIT
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace ringfence {
namespace {

enum class Reason { TooLarge, TooSmall };

Result<int, Reason> checked(int value) {
    if (value > 10) {
        return Error{Reason::TooLarge};
    }
    return value;
}

Result<void, Reason> check_both(int first, int second) {
    RF_TRY(checked(first));
    RF_TRY(checked(second));
    return {};
}

Result<int, Reason> sum(int first, int second) {
    RF_TRY_ASSIGN(left, checked(first));
    RF_TRY_ASSIGN(right, checked(second));
    return left + right;
}

/// Counts how many of it live.
struct Counted {
    static inline int alive = 0;
    Counted() { ++alive; }
    Counted(const Counted&) { ++alive; }
    Counted(Counted&&) noexcept { ++alive; }
    Counted& operator=(const Counted&) = default;
    ~Counted() { --alive; }
};

TEST(Result, HoldsAValueOrAReason) {
    EXPECT_TRUE(checked(3).ok());
    EXPECT_EQ(checked(3).value(), 3);
    EXPECT_FALSE(checked(11));
    EXPECT_EQ(checked(11).error(), Reason::TooLarge);
    EXPECT_EQ(checked(11).value_or(7), 7);
}

TEST(Result, TryPassesTheReasonOn) {
    EXPECT_TRUE(check_both(1, 2).ok());
    EXPECT_EQ(check_both(1, 20).error(), Reason::TooLarge);
    EXPECT_EQ(sum(4, 5).value(), 9);
    EXPECT_EQ(sum(40, 5).error(), Reason::TooLarge);
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
    Result<std::unique_ptr<int>, Reason> made = std::make_unique<int>(5);
    Result<std::unique_ptr<int>, Reason> moved = std::move(made);
    const std::unique_ptr<int> taken = std::move(moved).value();
    EXPECT_EQ(*taken, 5);
}

TEST(Result, ValueAndReasonMayBeOfOneType) {
    const Result<std::string, std::string> bad = Error{std::string("why")};
    EXPECT_FALSE(bad.ok());
    EXPECT_EQ(bad.error(), "why");
}

TEST(Result, DestroysWhatItHoldsOnce) {
    {
        Result<Counted, std::string> first = Counted{};
        const Result<Counted, std::string> copy = first;
        EXPECT_EQ(Counted::alive, 2);
        first = Error{std::string("gone")};
        EXPECT_EQ(Counted::alive, 1);
        first = copy;
        EXPECT_EQ(Counted::alive, 2);
    }
    EXPECT_EQ(Counted::alive, 0);
}

TEST(ResultDeathTest, AssertsWhenTheWrongHalfIsAskedFor) {
    EXPECT_DEATH((void)checked(11).value(), "assertion failed: ok_");
    EXPECT_DEATH((void)checked(1).error(), "assertion failed: !ok_");
}

}  // namespace
}  // namespace ringfence
