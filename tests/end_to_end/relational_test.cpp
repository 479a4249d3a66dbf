// SPDX-License-Identifier: MIT
// `ringfence attack --relational` and `--explain` as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/end_to_end/command.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::end_to_end {
namespace {

using lab::testing::read_file;
using lab::testing::ScratchDirectory;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Relational, DependsOnTheSecretWithoutIsolationOnly) {
    const Outcome outcome = ringfence(
        {"attack", "--relational", "--bytes", "16", "--method", "mispredict,tsx", "--json", "-"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    const auto document = nlohmann::json::parse(outcome.output);
    EXPECT_EQ(document["schema"], "ringfence.attack/1");
    ASSERT_EQ(document["runs"].size(), 6U) << "three setups, two methods";
    for (const auto& run : document["runs"]) {
        const auto& relational = run["relational"];
        const bool shared = run["design"] == "shared";
        EXPECT_EQ(relational["verdict"], shared ? "differs" : "equal") << run.dump(2);
        EXPECT_EQ(run["verdict"], shared ? "leaks" : "mitigated") << "the attack says the same";
        EXPECT_FALSE(relational["control"]["difference"].is_null());
        if (shared) {
            const auto& difference = relational["secret"]["difference"];
            EXPECT_EQ(difference["user"], true);
            EXPECT_THAT(difference["symbol"].get<std::string>(), HasSubstr("send_byte"));
            EXPECT_EQ(difference["lines"][0]["cache"], "L1D");
            EXPECT_NE(difference["lines"][0]["line"], difference["lines"][1]["line"]);
        } else {
            EXPECT_TRUE(relational["secret"]["difference"].is_null());
            EXPECT_GT(relational["secret"]["user_entries"], 10);
            EXPECT_GE(relational["secret"]["states"], relational["secret"]["user_entries"]);
        }
    }
}

TEST(Relational, AProcessorThatForwardsNoDataIsEqualInBothDesigns) {
    const Outcome outcome = ringfence({"attack", "--relational", "--cpu", "cascadelake", "--bytes",
                                       "16", "--method", "mispredict", "--json", "-"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    for (const auto& run : nlohmann::json::parse(outcome.output)["runs"]) {
        EXPECT_EQ(run["relational"]["verdict"], "equal") << run.dump(2);
        EXPECT_EQ(run["verdict"], "immune");
    }
}

TEST(Relational, SaysOfEachProcessorWhatTheAttackDoes) {
    const Outcome outcome =
        ringfence({"attack", "--relational", "--cpu",
                   "nehalem,haswell,broadwell,skylake-sp,icelake,zen2,zen4", "--design", "shared",
                   "--bytes", "16", "--method", "mispredict", "--json", "-"});
    EXPECT_EQ(outcome.status, 2) << outcome.error;
    const auto document = nlohmann::json::parse(outcome.output);
    ASSERT_EQ(document["runs"].size(), 7U);
    unsigned differ = 0;
    for (const auto& run : document["runs"]) {
        const bool differs = run["relational"]["verdict"] == "differs";
        EXPECT_EQ(run["verdict"], differs ? "leaks" : "immune") << run.dump(2);
        differ += differs ? 1 : 0;
    }
    EXPECT_EQ(differ, 4U) << "those before Cascade Lake that are Intel's";
}

TEST(Relational, SeesALeakThatTheAttackCannotRead) {
    // Without flushing every line is there whatever was sent, so the attack recovers nothing, not
    // even of its own memory; that its sending depends on the secret is seen all the same.
    const Outcome outcome =
        ringfence({"attack", "--relational", "--without", "flush", "--design", "shared", "--bytes",
                   "16", "--method", "mispredict", "--json", "-"});
    EXPECT_EQ(outcome.status, 2) << outcome.error;
    const auto run = nlohmann::json::parse(outcome.output)["runs"][0];
    EXPECT_EQ(run["verdict"], "broken");
    EXPECT_EQ(run["relational"]["verdict"], "differs");
}

TEST(Relational, ASenderThatComesTooLateLeavesNothing) {
    const Outcome outcome =
        ringfence({"attack", "--relational", "--without", "race", "--design", "shared", "--bytes",
                   "16", "--method", "mispredict", "--json", "-"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    const auto run = nlohmann::json::parse(outcome.output)["runs"][0];
    EXPECT_EQ(run["relational"]["verdict"], "equal") << run.dump(2);
}

TEST(Relational, SaysWhenTheAttackCannotBeMade) {
    const Outcome outcome = ringfence(
        {"attack", "--relational", "--cpu", "nehalem", "--bytes", "16", "--method", "tsx"});
    EXPECT_EQ(outcome.status, 3) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("no transactions"));
}

TEST(Relational, WritesTheSameBytesEachTime) {
    const auto attack = [](const std::string& jobs) {
        return ringfence({"attack", "--explain", "--design", "shared", "--bytes", "16", "--method",
                          "mispredict,tsx", "--jobs", jobs})
            .output;
    };
    EXPECT_EQ(attack("1"), attack("3"));
}

TEST(Explain, FollowsTheSecretIntoTheCacheAndShowsWhereTheChainBreaks) {
    const ScratchDirectory directory;
    const Outcome outcome =
        ringfence({"attack", "--explain", directory / "text", "--trace-events", directory / "trace",
                   "--bytes", "16", "--attempts", "6", "--method", "signal"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    const std::string text = read_file(directory / "text");
    const std::string leak = text.substr(0, text.find("skylake-sp, isolated"));
    EXPECT_THAT(leak, HasSubstr("loads secret[0] at 0xffff"));
    EXPECT_THAT(leak, HasSubstr("a supervisor page; the data is forwarded"));
    EXPECT_THAT(leak, HasSubstr("into L1D set"));
    EXPECT_THAT(leak, HasSubstr("squash: the fault of send_byte"));
    EXPECT_THAT(leak, HasSubstr("exception 14"));
    EXPECT_THAT(leak, HasSubstr("for the line had been fetched; with the other secret"));
    const std::string rest = text.substr(leak.size());
    EXPECT_THAT(rest, HasSubstr("the page walk ended at a PML4 entry that is not present; nothing "
                                "is forwarded"));
    EXPECT_THAT(rest, HasSubstr("the load are to the same places with any secret"));
    EXPECT_THAT(rest, Not(HasSubstr("the data is forwarded")));
    const auto trace = nlohmann::json::parse(read_file(directory / "trace"));
    std::set<int> processes;
    for (const auto& event : trace["traceEvents"]) {
        processes.insert(event["pid"].get<int>());
    }
    EXPECT_EQ(processes.size(), 3U) << "one for each design";
}

TEST(Explain, SaysWhatIsForwardedInsteadOfTheData) {
    const Outcome outcome =
        ringfence({"attack", "--explain", "--cpu", "cascadelake,zen2", "--design", "shared",
                   "--bytes", "16", "--method", "mispredict"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("a supervisor page; zero is forwarded"));
    EXPECT_THAT(outcome.output, HasSubstr("to the same places with any secret"));
}

}  // namespace
}  // namespace ringfence::end_to_end
