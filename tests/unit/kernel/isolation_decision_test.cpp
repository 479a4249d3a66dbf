// SPDX-License-Identifier: MIT
// Which design the kernel chooses, from the command line and what the CPU has.
#include <gtest/gtest.h>

#include "kernel/arch/x86_64/isolation.h"

namespace ringfence::kernel::arch {
namespace {

Isolation decide(std::string_view line, bool affected) {
    return decide_isolation(line, affected, true, true, true);
}

struct Case {
    std::string_view line;
    bool affected;
    bool enabled;
    IsolationRequest requested;
};

class IsolationDecision : public testing::TestWithParam<Case> {};

TEST_P(IsolationDecision, FollowsTheCommandLineAndElseTheCpu) {
    const Case& given = GetParam();
    const Isolation decided = decide(given.line, given.affected);
    EXPECT_EQ(decided.enabled, given.enabled);
    EXPECT_EQ(decided.requested, given.requested);
    EXPECT_EQ(decided.required, given.affected);
}

INSTANTIATE_TEST_SUITE_P(Options, IsolationDecision,
                         testing::Values(Case{"", true, true, IsolationRequest::Auto},
                                         Case{"", false, false, IsolationRequest::Auto},
                                         Case{"pti=auto", true, true, IsolationRequest::Auto},
                                         Case{"pti=auto", false, false, IsolationRequest::Auto},
                                         Case{"pti=on", false, true, IsolationRequest::On},
                                         Case{"pti=on", true, true, IsolationRequest::On},
                                         Case{"pti=off", true, false, IsolationRequest::Off},
                                         Case{"nopti", true, false, IsolationRequest::Off},
                                         Case{"nopti", false, false, IsolationRequest::Off},
                                         Case{"pti=off pti=on", true, true, IsolationRequest::On},
                                         Case{"pti=nonsense", true, true, IsolationRequest::Auto}));

TEST(IsolationDecisionPcid, UsesPcidsInBothDesignsWhereTheCpuHasThem) {
    EXPECT_TRUE(decide("pti=on", true).pcid);
    EXPECT_TRUE(decide("pti=off", true).pcid);
    EXPECT_FALSE(decide_isolation("pti=on", true, false, true, true).pcid);
}

TEST(IsolationDecisionPcid, ObeysNopcid) {
    const Isolation decided = decide("pti=on nopcid", true);
    EXPECT_TRUE(decided.enabled);
    EXPECT_FALSE(decided.pcid);
    EXPECT_FALSE(decided.invpcid);
}

TEST(IsolationDecisionPcid, ObeysNoinvpcid) {
    EXPECT_TRUE(decide("pti=on noinvpcid", true).pcid);
    EXPECT_FALSE(decide("pti=on noinvpcid", true).invpcid);
}

TEST(IsolationDecisionPcid, NeedsAWayToFlushAllPcids) {
    EXPECT_TRUE(decide_isolation("", true, true, false, true).pcid);
    EXPECT_FALSE(decide_isolation("", true, true, false, true).invpcid);
    EXPECT_FALSE(decide_isolation("", true, true, false, false).pcid);
}

TEST(IsolationDescription, SaysRequiredRequestedAndEnabled) {
    char line[128];
    EXPECT_EQ(describe_isolation(decide("pti=on", true), line),
              "isolation: enabled (requested by command line; required by CPU: yes), PCID on, "
              "INVPCID on");
    EXPECT_EQ(describe_isolation(decide("", false), line),
              "isolation: disabled (decided by CPU; required by CPU: no), PCID on, INVPCID on");
}

}  // namespace
}  // namespace ringfence::kernel::arch
