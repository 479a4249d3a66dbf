// SPDX-License-Identifier: MIT
// Which processors leak, and that each ingredient of the leak is needed.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/end_to_end/command.h"

namespace ringfence::end_to_end {
namespace {

using nlohmann::json;

constexpr int bytes = 64;
/// More right guesses of so many bytes happen less than once in a million runs.
constexpr int chance = 5;

/// The runs of an attack; the command's status is `status`.
json attack(std::vector<std::string> options, int status) {
    std::vector<std::string> arguments{"attack", "--bytes", std::to_string(bytes), "--json", "-"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = ringfence(arguments);
    EXPECT_EQ(outcome.status, status) << outcome.error;
    return json::parse(outcome.output, nullptr, false)["runs"];
}

struct Processor {
    const char* name;
    const char* shared;
    const char* isolated;
    unsigned designs;  ///< with PCID and without
    unsigned methods;  ///< those with transactions have three
};

constexpr Processor processors[] = {
    {"skylake-sp", "leaks", "mitigated", 3, 3}, {"haswell", "leaks", "mitigated", 3, 3},
    {"broadwell", "leaks", "mitigated", 3, 3},  {"nehalem", "leaks", "mitigated", 2, 2},
    {"cascadelake", "immune", "immune", 3, 3},  {"icelake", "immune", "immune", 3, 2},
    {"zen2", "immune", "immune", 2, 2},         {"zen4", "immune", "immune", 3, 2},
};

class AttackMatrix : public ::testing::TestWithParam<Processor> {};

TEST_P(AttackMatrix, IsWhatHistorySays) {
    const Processor& processor = GetParam();
    const json runs = attack({"--cpu", processor.name}, 0);
    ASSERT_EQ(runs.size(), processor.designs * processor.methods);
    for (const json& run : runs) {
        EXPECT_EQ(run["verdict"], run["design"] == "shared" ? processor.shared : processor.isolated)
            << run.dump(2);
        EXPECT_EQ(run["control"]["recovered_bytes"], bytes) << "the channel works";
        if (run["design"] == "isolated" || std::string(processor.shared) == "immune") {
            EXPECT_EQ(run["recovered_bytes"], 0);
        } else {
            EXPECT_EQ(run["recovered_bytes"], bytes);
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
            EXPECT_EQ(run["recovered_bytes"], 0);
            EXPECT_EQ(run["control"]["recovered_bytes"], bytes);
        }
    }
}

TEST(Ingredient, WithoutATranslationNothingLeaks) {
    for (const json& run : attack({"--design", "isolated"}, 0)) {
        EXPECT_EQ(run["verdict"], "mitigated") << run.dump(2);
        EXPECT_EQ(run["recovered_bytes"], 0);
        EXPECT_EQ(run["control"]["recovered_bytes"], bytes);
    }
}

TEST(Ingredient, WithoutFlushingTheChannelNothingIsReceived) {
    for (const json& run : attack({"--design", "shared", "--without", "flush"}, 3)) {
        EXPECT_EQ(run["verdict"], "broken") << run.dump(2);
        EXPECT_LE(run["control"]["recovered_bytes"], chance);
        EXPECT_LE(run["recovered_bytes"], chance);
    }
}

TEST(Ingredient, AByteThatIsSentAfterTheSquashIsNotSent) {
    for (const json& run : attack({"--design", "shared", "--without", "race"}, 3)) {
        EXPECT_EQ(run["verdict"], "broken") << run.dump(2);
        EXPECT_LE(run["control"]["recovered_bytes"], chance);
        EXPECT_LE(run["recovered_bytes"], chance);
    }
}

}  // namespace
}  // namespace ringfence::end_to_end
