// SPDX-License-Identifier: MIT
// Slices of `./dev fuzz syscalls` and `./dev soak`, and what they have found: the kernel in hostile
// and in long use neither stops nor keeps anything, in both designs and while the design changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/command.h"

namespace ringfence::end_to_end {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

/// A machine, and what its program is told beside how much and from which seed.
struct Machine {
    const char* name;
    Words options;
    Words words;
};
const Machine machines[] = {
    {"isolated", {"--design", "isolated"}, {}},
    {"shared", {"--design", "shared"}, {}},
    {"isolated_nopcid", {"--design", "isolated", "--pcid", "off"}, {}},
    {"monitored", {"--design", "isolated", "--monitor"}, {"steady"}},
};

Outcome run(const Machine& machine, Words command) {
    Words arguments = {"run", "--quiet", "--append", "timer_hz=5000"};
    arguments.insert(arguments.end(), machine.options.begin(), machine.options.end());
    arguments.push_back("--");
    arguments.insert(arguments.end(), command.begin(), command.end());
    arguments.insert(arguments.end(), machine.words.begin(), machine.words.end());
    return ringfence(arguments);
}

class Endurance : public ::testing::TestWithParam<size_t> {
protected:
    [[nodiscard]] static const Machine& machine() { return machines[GetParam()]; }
};

TEST_P(Endurance, HostileSystemCallsLeaveNothing) {
    const Outcome outcome = run(machine(), {guest_program("fuzz_syscalls"), "10000", "7"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("all was given back"));
}

TEST_P(Endurance, AllThatProgramsDoLeavesNothing) {
    const Outcome outcome = run(machine(), {guest_program("soak"), "400", "7"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("all was right, all was given back"));
}

TEST_P(Endurance, WhatFailsHalfWayLeavesNothing) {
    const Outcome outcome = run(machine(), {guest_program("leaks")});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Endurance, ::testing::Range(size_t{0}, std::size(machines)),
                         [](const auto& info) { return machines[info.param].name; });

class Shortage : public ::testing::TestWithParam<const char*> {};

TEST_P(Shortage, IsAnErrorOfACallAndEndsWithItsCause) {
    const Outcome outcome = ringfence({"run", "--quiet", "--design", GetParam(), "--memory", "64",
                                       "--", guest_program("exhaust_kernel")});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("processes: all works again"));
}

TEST_P(Shortage, OfWhatObjectsOfIpcNeedIsAnErrorToo) {
    const Outcome outcome = ringfence({"run", "--quiet", "--design", GetParam(), "--memory", "64",
                                       "--", guest_program("exhaust_ipc")});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("POSIX queues: all works again"));
}

INSTANTIATE_TEST_SUITE_P(Designs, Shortage, ::testing::Values("isolated", "shared"),
                         [](const auto& info) { return std::string(info.param); });

// One CPU, and who has it: nobody else's kernel says.
TEST_P(Shortage, OfTheCpuIsSharedByPriority) {
    const Outcome outcome =
        ringfence({"run", "--quiet", "--design", GetParam(), "--", guest_program("realtime")});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("order: 1 3 2 0\n"));
}

// The same figures for those who look at the machine from outside.
TEST(Usage, IsReportedAtTheEndIfTheCommandLineAsksForIt) {
    const Outcome asked = ringfence(
        {"run", "--append", "report_usage", "--kernel-log", "-", "--", "/bin/busybox", "true"});
    EXPECT_THAT(asked.error, HasSubstr("usage: frames_page_tables "));
    EXPECT_THAT(asked.error, HasSubstr("usage: processes "));
    const Outcome plain = ringfence({"run", "--kernel-log", "-", "--", "/bin/busybox", "true"});
    EXPECT_THAT(plain.error, ::testing::Not(HasSubstr("usage: ")));
}

}  // namespace
}  // namespace ringfence::end_to_end
