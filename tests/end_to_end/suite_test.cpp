// SPDX-License-Identifier: MIT
// `ringfence suite` as a user has it: a suite of one's own, its report, and what is wrong with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/command.h"

namespace ringfence::end_to_end {
namespace {

using ::testing::HasSubstr;

class Suite : public ::testing::Test {
protected:
    Outcome run(const std::string& text, const std::vector<std::string>& more = {}) {
        std::ofstream(file_) << text;
        std::vector<std::string> arguments = {"suite", "--quiet", "--suite", file_};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return ringfence(arguments, {});
    }

private:
    /// Tests run side by side.
    const std::string file_ = ::testing::TempDir() + "ringfence-" +
                              ::testing::UnitTest::GetInstance()->current_test_info()->name() +
                              ".toml";
};

const std::string two = R"([[workload]]
name = "calls"
meaning = "system calls"
kind = "kernel"
command = ["/bin/busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=500"]

[[workload]]
name = "absent"
meaning = "not there"
kind = "mixed"
command = ["/no/such/program"]
)";

TEST_F(Suite, ComparesTheDesignsAndSaysWhatIsMissing) {
    const Outcome outcome = run(two);
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("1 programs cost less than 10 % more (said: most)"));
    EXPECT_THAT(outcome.output, HasSubstr("not run: absent: "));
}

TEST_F(Suite, GivesTheSameToPrograms) {
    const Outcome outcome = run(two, {"--json", "-", "--name", "calls"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const auto document = nlohmann::json::parse(outcome.output);
    EXPECT_EQ(document["schema"], "ringfence.suite/1");
    const auto& runs = document["workloads"][0]["runs"];
    ASSERT_EQ(runs.size(), 3U);
    EXPECT_GT(runs[1]["percent"], 0) << "isolation costs a program of system calls something";
    EXPECT_GT(runs[2]["percent"], runs[1]["percent"]) << "and more without PCID";
    EXPECT_EQ(runs[0]["user_instructions"], runs[1]["user_instructions"]);
}

TEST_F(Suite, ProgramThatFailsIsAnError) {
    const Outcome outcome =
        run("[[workload]]\nname = \"f\"\nmeaning = \"\"\nkind = \"mixed\"\n"
            "command = [\"/bin/busybox\", \"false\"]\n");
    EXPECT_EQ(outcome.status, 255);
    EXPECT_THAT(outcome.error, HasSubstr("f: ended with status 1"));
}

TEST_F(Suite, UnknownNamesAreRefused) {
    const Outcome outcome = run(two, {"--name", "call"});
    EXPECT_EQ(outcome.status, 255);
    EXPECT_THAT(outcome.error, HasSubstr("expected absent or calls, did you mean 'calls'?"));
}

}  // namespace
}  // namespace ringfence::end_to_end
