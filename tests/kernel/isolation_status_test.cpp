// SPDX-License-Identifier: MIT
// What /proc says of isolation: what is required, requested, enabled and effective, apart.
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "tests/kernel/guest.h"

namespace ringfence::kernel_tests {
namespace {

using Answers = std::map<std::string, std::string>;

/// The first two words of each line, the reason behind the colon left out.
Answers answers_of(const std::string& text) {
    Answers answers;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        const auto colon = line.find(": ");
        const auto space = line.find(' ');
        EXPECT_NE(colon, std::string::npos) << "no reason is given: " << line;
        answers[line.substr(0, space)] = line.substr(space + 1, colon - space - 1);
    }
    return answers;
}

struct Case {
    const char* name;
    const char* cpu;
    const char* command_line;
    std::string script;
    Answers expected;
};

class IsolationStatus : public testing::TestWithParam<Case> {};

TEST_P(IsolationStatus, SaysWhatIsSo) {
    Guest guest({.cpu = GetParam().cpu,
                 .command_line = GetParam().command_line,
                 .program = {"/bin/busybox", "sh", "-c", GetParam().script}},
                nullptr);
    guest.run();
    ASSERT_TRUE(guest.report().exit.has_value()) << guest.report().kernel_log;
    EXPECT_EQ(answers_of(guest.output()), GetParam().expected) << guest.output();
}

const std::string of_system = "cat /proc/ringfence/isolation";
const std::string of_process = "cat /proc/self/isolation";

INSTANTIATE_TEST_SUITE_P(
    Cases, IsolationStatus,
    testing::Values(
        Case{"affected",
             "skylake-sp",
             "",
             of_system,
             {{"required", "yes"},
              {"requested", "auto"},
              {"enabled", "yes"},
              {"effective", "yes"},
              {"pcid", "yes"}}},
        Case{"refused",
             "skylake-sp",
             "pti=off nopcid",
             of_system,
             {{"required", "yes"},
              {"requested", "off"},
              {"enabled", "no"},
              {"effective", "no"},
              {"pcid", "no"}}},
        Case{"unaffected",
             "zen2",
             "",
             of_process,
             {{"required", "no"}, {"requested", "auto"}, {"enabled", "no"}, {"effective", "no"}}},
        Case{"asked_for",
             "zen2",
             "pti=on",
             of_process,
             {{"required", "no"}, {"requested", "on"}, {"enabled", "yes"}, {"effective", "yes"}}},
        Case{"turned_off",
             "skylake-sp",
             "",
             "echo shared >/proc/ringfence/design; " + of_process,
             {{"required", "yes"}, {"requested", "auto"}, {"enabled", "no"}, {"effective", "no"}}},
        Case{"turned_on",
             "skylake-sp",
             "pti=off",
             "echo isolated >/proc/ringfence/design; " + of_system,
             {{"required", "yes"},
              {"requested", "off"},
              {"enabled", "yes"},
              {"effective", "yes"},
              {"pcid", "yes"}}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ringfence::kernel_tests
