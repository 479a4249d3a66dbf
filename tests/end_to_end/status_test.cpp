// SPDX-License-Identifier: MIT
// What programs in the guest are told of the processor's flaw and of what is done about it, in the
// places and words of Linux.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/command.h"

namespace ringfence::end_to_end {
namespace {

using ::testing::HasSubstr;

std::string in_guest(const std::string& cpu, const std::string& design, const std::string& script) {
    const Outcome outcome = ringfence(
        {"run", "--cpu", cpu, "--design", design, "--", "/bin/busybox", "sh", "-c", script});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    return outcome.output;
}

struct Status {
    const char* cpu;
    const char* design;
    const char* meltdown;
    bool has_flaw;
    bool isolates;
};

void PrintTo(const Status& status, std::ostream* out) {
    *out << status.cpu << ' ' << status.design;
}

class StatusInGuest : public ::testing::TestWithParam<Status> {};

TEST_P(StatusInGuest, IsToldAsLinuxTellsIt) {
    const Status& expected = GetParam();
    EXPECT_EQ(in_guest(expected.cpu, expected.design,
                       "cat /sys/devices/system/cpu/vulnerabilities/meltdown"),
              std::string(expected.meltdown) + "\n");
    const std::string lines =
        in_guest(expected.cpu, expected.design, "grep -E '^(flags|bugs)' /proc/cpuinfo");
    EXPECT_THAT(lines, HasSubstr(expected.has_flaw ? "bugs\t\t: cpu_meltdown\n" : "bugs\t\t:\n"));
    EXPECT_EQ(lines.find(" pti\n") != std::string::npos, expected.isolates) << lines;
}

INSTANTIATE_TEST_SUITE_P(
    Processors, StatusInGuest,
    ::testing::Values(Status{"skylake-sp", "isolated", "Mitigation: PTI", true, true},
                      Status{"skylake-sp", "shared", "Vulnerable", true, false},
                      Status{"cascadelake", "isolated", "Not affected", false, true},
                      Status{"zen2", "shared", "Not affected", false, false}));

TEST(StatusFiles, HaveNumbersOfTheirOwn) {
    const std::string numbers = "find /sys /proc/sys -exec stat -c %i {} \\;";
    EXPECT_EQ(in_guest("skylake-sp", "isolated", numbers + " | sort | uniq -d"), "");
    EXPECT_GT(std::stoi(in_guest("skylake-sp", "isolated", numbers + " | wc -l")), 30);
}

}  // namespace
}  // namespace ringfence::end_to_end
