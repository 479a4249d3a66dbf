// SPDX-License-Identifier: MIT
// Which processors leak, and that each ingredient of the leak is needed.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/end_to_end/command.h"

namespace ringfence::end_to_end {
namespace {

using nlohmann::json;

/// The runs of an attack on 16 bytes; the command's status is `status`.
json attack(std::vector<std::string> options, int status) {
    std::vector<std::string> arguments{"attack", "--bytes", "16", "--json", "-"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = ringfence(arguments);
    EXPECT_EQ(outcome.status, status) << outcome.error;
    return json::parse(outcome.output, nullptr, false)["runs"];
}

struct Processor {
    const char* name;
    const char* shared;
    const char* isolated;
};

constexpr Processor processors[] = {
    {"skylake-sp", "leaks", "mitigated"}, {"haswell", "leaks", "mitigated"},
    {"broadwell", "leaks", "mitigated"},  {"nehalem", "leaks", "mitigated"},
    {"cascadelake", "immune", "immune"},  {"icelake", "immune", "immune"},
    {"zen2", "immune", "immune"},         {"zen4", "immune", "immune"},
};

class AttackMatrix : public ::testing::TestWithParam<Processor> {};

TEST_P(AttackMatrix, IsWhatHistorySays) {
    const Processor& processor = GetParam();
    const json runs = attack({"--cpu", processor.name}, 0);
    ASSERT_GE(runs.size(), 4U) << "two designs, two methods";
    for (const json& run : runs) {
        EXPECT_EQ(run["verdict"], run["design"] == "shared" ? processor.shared : processor.isolated)
            << run.dump(2);
        EXPECT_EQ(run["control"]["recovered_bytes"], 16) << "the channel works";
        if (run["design"] == "isolated" || std::string(processor.shared) == "immune") {
            EXPECT_EQ(run["recovered_bytes"], 0);
        } else {
            EXPECT_EQ(run["recovered_bytes"], 16);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Cpu, AttackMatrix, ::testing::ValuesIn(processors), [](const auto& info) {
    std::string name = info.param.name;
    std::erase(name, '-');
    return name;
});

TEST(Ingredient, WithoutForwardingNothingLeaks) {
    for (const char* const policy : {"fault_forward=zero", "fault_forward=block"}) {
        for (const json& run : attack({"--design", "shared", "--what-if", policy}, 0)) {
            EXPECT_EQ(run["verdict"], "immune") << run.dump(2);
            EXPECT_EQ(run["control"]["recovered_bytes"], 16);
        }
    }
}

TEST(Ingredient, WithoutFlushingTheChannelNothingIsReceived) {
    for (const json& run : attack({"--design", "shared", "--without", "flush"}, 3)) {
        EXPECT_EQ(run["verdict"], "broken") << run.dump(2);
        EXPECT_LT(run["control"]["recovered_bytes"], 5) << "chance";
        EXPECT_LT(run["recovered_bytes"], 5) << "chance";
    }
}

TEST(Ingredient, AByteThatIsSentAfterTheSquashIsNotSent) {
    for (const json& run : attack({"--design", "shared", "--without", "race"}, 3)) {
        EXPECT_EQ(run["verdict"], "broken") << run.dump(2);
        EXPECT_LT(run["control"]["recovered_bytes"], 5) << "chance";
        EXPECT_LT(run["recovered_bytes"], 5) << "chance";
    }
}

}  // namespace
}  // namespace ringfence::end_to_end
