// SPDX-License-Identifier: MIT
#include "lab/judged.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringfence::lab {
namespace {

constexpr JudgedRun shared(Answer answer) {
    return {.isolated = false, .answer = answer};
}
constexpr JudgedRun isolated(Answer answer) {
    return {.isolated = true, .answer = answer};
}
int status(const std::vector<JudgedRun>& runs) {
    return exit_status(runs);
}

using enum Answer;

TEST(JudgedRuns, HoldIfTheIsolatedOnesDo) {
    EXPECT_EQ(status({}), 0);
    EXPECT_EQ(status({shared(DoesNotHold), isolated(Holds)}), 0);
    EXPECT_EQ(status({shared(Holds), isolated(Holds)}), 0);
    EXPECT_EQ(status({shared(Holds)}), 0);
    EXPECT_EQ(status({shared(DoesNotHold), isolated(DoesNotHold)}), 2);
}

TEST(JudgedRuns, OfOneDesignAreWhatWasAskedFor) {
    EXPECT_EQ(status({shared(DoesNotHold)}), 2);
    EXPECT_EQ(status({shared(Holds), shared(DoesNotHold)}), 2);
}

TEST(JudgedRuns, ThatFailComeBeforeThoseThatSayNothing) {
    EXPECT_EQ(status({isolated(DoesNotHold), isolated(CannotBeTold)}), 2);
    EXPECT_EQ(status({isolated(CannotBeTold), isolated(DoesNotHold)}), 2);
    EXPECT_EQ(status({shared(DoesNotHold), isolated(CannotBeTold)}), 3);
    EXPECT_EQ(status({shared(CannotBeTold), isolated(Holds)}), 3);
    EXPECT_EQ(status({shared(CannotBeTold)}), 3);
}

}  // namespace
}  // namespace ringfence::lab
