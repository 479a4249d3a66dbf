// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "kernel/core/log/log.h"

namespace ringfence::kernel {
namespace {

template <typename... Values>
std::string formatted(std::string_view format, const Values&... values) {
    char buffer[128];
    return std::string(format_to(buffer, format, values...));
}

TEST(LogFormat, WritesEachKindOfValue) {
    EXPECT_EQ(formatted("{} {} {} {}", 42, -7, true, 'c'), "42 -7 true c");
    EXPECT_EQ(formatted("{} {}", "text", std::string_view("view")), "text view");
    EXPECT_EQ(formatted("{}", PhysicalAddress{0xabc}), "0xabc");
    EXPECT_EQ(formatted("{x} {x}", 255U, 0U), "0xff 0x0");
}

TEST(LogFormat, WritesTheExtremes) {
    EXPECT_EQ(formatted("{}", ~u64{0}), "18446744073709551615");
    EXPECT_EQ(formatted("{}", std::numeric_limits<i64>::min()), "-9223372036854775808");
    EXPECT_EQ(formatted("{x}", ~u64{0}), "0xffffffffffffffff");
}

TEST(LogFormat, LeavesPlaceholdersWithoutArguments) {
    EXPECT_EQ(formatted("{} {}", 1), "1 {}");
    EXPECT_EQ(formatted("{"), "{");
    EXPECT_EQ(formatted("{y}", 1), "{y}");
}

TEST(LogFormat, CutsAtTheEndOfTheBuffer) {
    char small[4];
    EXPECT_EQ(format_to(small, "{}{}", "abc", "def"), "abcd");
    EXPECT_EQ(format_to(std::span<char>{}, "abc"), "");
}

TEST(LogFormat, IgnoresArgumentsWithoutPlaceholders) {
    EXPECT_EQ(formatted("a", 1, 2), "a");
}

}  // namespace
}  // namespace ringfence::kernel
