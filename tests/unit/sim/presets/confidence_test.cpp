// SPDX-License-Identifier: MIT
#include "sim/presets/confidence.h"

#include <gtest/gtest.h>

namespace ringfence::sim::presets {
namespace {

TEST(Confidence, IsWhatTheSourceSaysOfItself) {
    EXPECT_EQ(confidence_of("estimate: nobody has measured it"), Confidence::Estimated);
    EXPECT_EQ(confidence_of("what if: given on the command line"), Confidence::Estimated);
    EXPECT_EQ(confidence_of("a table, from memory: to be verified"), Confidence::Unverified);
    EXPECT_EQ(confidence_of("LLVM X86SchedHaswell.td"), Confidence::Cited);
}

TEST(Confidence, CountsTheFiguresThatTheModelUses) {
    Figures figures;
    figures.sources = {{"A", "a book"}, {"E", "estimate: none"}, {"V", "heard: to be verified"}};
    figures.values = {{"one", {1, "A"}}, {"two", {2, "A"}}, {"three", {3, "E"}}};
    figures.published = {{"four", {4, "V"}}};
    EXPECT_EQ(count_confidence(figures),
              (ConfidenceCounts{.cited = 2, .unverified = 0, .estimated = 1}));
}

}  // namespace
}  // namespace ringfence::sim::presets
