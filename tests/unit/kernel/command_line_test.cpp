// SPDX-License-Identifier: MIT
#include "kernel/core/command_line.h"

#include <gtest/gtest.h>

#include <string>

namespace ringfence::kernel {
namespace {

TEST(CommandLine, FindsTheValueOfAnOption) {
    EXPECT_EQ(find_option("quiet init=/bin/sh pti=on", "init"), "/bin/sh");
    EXPECT_EQ(find_option("init=", "init"), "");
    EXPECT_EQ(find_option("init", "init"), "");
}

TEST(CommandLine, TakesTheLastOfEqualOptions) {
    EXPECT_EQ(find_option("pti=on pti=off", "pti"), "off");
}

TEST(CommandLine, DoesNotTakeAPrefixForAName) {
    EXPECT_FALSE(find_option("initrd=x nopti", "init").has_value());
    EXPECT_FALSE(has_flag("noptix xnopti pti=nopti", "nopti"));
}

TEST(CommandLine, SplitsAtAnyBlanks) {
    EXPECT_TRUE(has_flag("  a\tnopcid\n", "nopcid"));
    EXPECT_FALSE(has_flag("", "nopcid"));
    EXPECT_FALSE(has_flag("   ", "nopcid"));
}

TEST(CommandLine, LeavesTheProgramsPartAlone) {
    EXPECT_FALSE(has_flag("quiet -- nopti", "nopti"));
    EXPECT_FALSE(find_option("-- pti=on", "pti").has_value());
}

std::string without(std::string line, std::string_view name) {
    return std::string(remove_option(line, name));
}

TEST(CommandLine, TakesAnOptionOut) {
    EXPECT_EQ(without("a seed=1 b", "seed"), "a b");
    EXPECT_EQ(without("seed=1", "seed"), "");
    EXPECT_EQ(without("seed seed=2\tseeds=3 x", "seed"), "\tseeds=3 x");
    EXPECT_EQ(without("a  b ", "seed"), "a  b ");
    EXPECT_EQ(without("a seed=1 -- seed=2", "seed"), "a -- seed=2");
    EXPECT_EQ(without("", "seed"), "");
}

TEST(CommandLine, AFlagWithAValueIsNoFlag) {
    EXPECT_FALSE(has_flag("quiet=1", "quiet"));
}

}  // namespace
}  // namespace ringfence::kernel
