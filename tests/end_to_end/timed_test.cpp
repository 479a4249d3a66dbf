// SPDX-License-Identifier: MIT
// What timed runs promise: every cycle has a cause, differences add up, equal inputs give equal
// bytes, and time changes nothing that a program computes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/types.h"
#include "tests/end_to_end/command.h"

namespace ringfence::end_to_end {
namespace {

using nlohmann::json;

const std::vector<std::string> program{
    "--", "/bin/busybox", "sh", "-c",
    "for i in 1 2 3; do echo line $i; done | sort -r; ls / | md5sum; exit 3"};

json compare(std::vector<std::string> options) {
    std::vector<std::string> arguments{"compare", "--json", "-"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), program.begin(), program.end());
    const Outcome outcome = ringfence(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    return json::parse(outcome.output, nullptr, false);
}

i64 sum(const json& stack) {
    i64 total = 0;
    for (const auto& [cause, cycles] : stack.items()) {
        total += cycles.get<i64>();
    }
    return total;
}

TEST(Timed, EveryCycleHasACauseAndAPlace) {
    const json document = compare({"--cpu", "skylake-sp,zen2"});
    ASSERT_EQ(document["runs"].size(), 5U);
    for (const auto& run : document["runs"]) {
        EXPECT_GT(run["cycles"], 0);
        EXPECT_EQ(sum(run["stack"]), run["cycles"]);
        i64 by_place = 0;
        for (const auto& [place, causes] : run["stack_by_place"].items()) {
            by_place += sum(causes);
        }
        EXPECT_EQ(by_place, run["cycles"]);
    }
}

TEST(Timed, OverheadsAreTheDifferencesCauseByCause) {
    const json document = compare({});
    const auto& runs = document["runs"];
    ASSERT_EQ(document["overheads"].size(), 2U);
    for (size_t i = 0; i < 2; ++i) {
        const auto& overhead = document["overheads"][i];
        const auto& isolated = runs[i + 1];
        EXPECT_EQ(overhead["pcid"], isolated["pcid"]);
        EXPECT_EQ(sum(overhead["stack"]),
                  isolated["cycles"].get<i64>() - runs[0]["cycles"].get<i64>());
        for (const auto& [cause, cycles] : overhead["stack"].items()) {
            EXPECT_EQ(cycles,
                      isolated["stack"][cause].get<i64>() - runs[0]["stack"][cause].get<i64>())
                << cause;
        }
        EXPECT_GT(overhead["percent"], 0.0);
    }
}

TEST(Timed, WithoutPcidTheTlbsAreRefilledAfterEachSwitch) {
    const auto runs = compare({})["runs"];
    const auto refills = [](const json& run) {
        return run["tlb_misses"]["instruction"].get<i64>() + run["tlb_misses"]["data"].get<i64>();
    };
    EXPECT_GT(refills(runs[2]), refills(runs[1]) + runs[1]["root_writes"].get<i64>());
}

TEST(Timed, RunsRepeatToTheByteWhateverTheThreads) {
    EXPECT_EQ(compare({"--jobs", "1"}).dump(), compare({"--jobs", "3"}).dump());
}

TEST(Timed, TimeChangesNothingThatTheProgramComputes) {
    const auto timed = compare({})["runs"];
    const auto fast = compare({"--mode", "fast"})["runs"];
    ASSERT_EQ(timed.size(), fast.size());
    for (size_t i = 0; i < timed.size(); ++i) {
        EXPECT_EQ(timed[i]["stdout_sha256"], fast[i]["stdout_sha256"]);
        EXPECT_EQ(timed[i]["exit_status"], 3);
        EXPECT_EQ(timed[i]["instructions_by_place"]["user"],
                  fast[i]["instructions_by_place"]["user"]);
        EXPECT_FALSE(fast[i].contains("cycles"));
    }
}

TEST(Timed, AFigureThatIsReplacedIsWorthWhatItIs) {
    const auto published = compare({"--design", "shared,isolated"})["runs"];
    const json document = compare({"--what-if", "root-write=0"});
    const auto& runs = document["runs"];
    EXPECT_EQ(document["what_if"], json::array({"root-write=0"}));
    EXPECT_EQ(runs[1]["root_writes"], published[1]["root_writes"]);
    EXPECT_LT(runs[1]["stack"]["root_write"].get<i64>(),
              published[1]["stack"]["root_write"].get<i64>() / 4);
    EXPECT_LT(runs[1]["cycles"], published[1]["cycles"]);
}

}  // namespace
}  // namespace ringfence::end_to_end
