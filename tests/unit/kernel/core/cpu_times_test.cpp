// SPDX-License-Identifier: MIT
#include "kernel/core/scheduler/cpu_times.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ringfence::kernel::testing {
namespace {

constexpr u64 second = 1'000'000'000;

TEST(CpuTimeSplitTest, time_without_a_tick_is_user_time) {
    CpuTimeSplit split;
    EXPECT_EQ(split.divide(0, {}), (CpuTimes{0, 0}));
    EXPECT_EQ(split.divide(1234, {}), (CpuTimes{1234, 0}));
    EXPECT_EQ(split.divide(5000, {.user = 3, .system = 0}), (CpuTimes{5000, 0}));
}

TEST(CpuTimeSplitTest, time_is_divided_as_the_ticks_are) {
    CpuTimeSplit split;
    EXPECT_EQ(split.divide(second, {.user = 3, .system = 1}),
              (CpuTimes{second / 4 * 3, second / 4}));
    EXPECT_EQ(CpuTimeSplit().divide(second, {.user = 0, .system = 7}), (CpuTimes{0, second}));
    EXPECT_EQ(CpuTimeSplit().divide(10, {.user = 2, .system = 1}), (CpuTimes{7, 3}));
}

TEST(CpuTimeSplitTest, what_was_told_stays_told) {
    CpuTimeSplit split;
    EXPECT_EQ(split.divide(100, {}), (CpuTimes{100, 0}));
    // Half of 120 is the kernel's, but only 20 of it are left to give.
    EXPECT_EQ(split.divide(120, {.user = 1, .system = 1}), (CpuTimes{100, 20}));
    EXPECT_EQ(split.divide(400, {.user = 1, .system = 1}), (CpuTimes{200, 200}));
    EXPECT_EQ(split.divide(401, {.user = 9, .system = 1}), (CpuTimes{201, 200}));
}

TEST(CpuTimeSplitTest, an_earlier_total_changes_nothing) {
    CpuTimeSplit split;
    const CpuTimes told = split.divide(1000, {.user = 1, .system = 3});
    EXPECT_EQ(split.divide(900, {.user = 5, .system = 3}), told);
    EXPECT_EQ(split.divide(1000, {.user = 5, .system = 3}), told);
}

TEST(CpuTimeSplitTest, centuries_do_not_overflow) {
    constexpr u64 long_time = u64{1} << 63;
    constexpr u64 most_ticks = ~u32{0};
    const CpuTimes times =
        CpuTimeSplit().divide(long_time, {.user = most_ticks / 2, .system = most_ticks / 2});
    EXPECT_EQ(times, (CpuTimes{long_time / 2, long_time / 2}));
}

RC_GTEST_PROP(CpuTimeSplitTest, both_parts_only_grow_and_make_up_the_total,
              (const std::vector<std::tuple<u32, u16, u16>>& steps)) {
    CpuTimeSplit split;
    CpuTimes before;
    u64 total = 0;
    TickCounts ticks;
    for (const auto& [time, user, system] : steps) {
        total += time;
        ticks += {.user = user, .system = system};
        const CpuTimes now = split.divide(total, ticks);
        RC_ASSERT(now.user >= before.user);
        RC_ASSERT(now.system >= before.system);
        RC_ASSERT(now.total() == total);
        before = now;
    }
}

RC_GTEST_PROP(CpuTimeSplitTest, a_subject_that_is_asked_once_is_told_its_ticks_ratio,
              (u32 milliseconds, u16 user, u16 system)) {
    RC_PRE(user + system > 0);
    const u64 total = u64{milliseconds} * 1'000'000;
    const CpuTimes times = CpuTimeSplit().divide(total, {.user = user, .system = system});
    const double expected = static_cast<double>(total) * system / (user + system);
    RC_ASSERT(static_cast<double>(times.system) <= expected + 1);
    RC_ASSERT(static_cast<double>(times.system) >= expected - 1);
}

}  // namespace
}  // namespace ringfence::kernel::testing
