// SPDX-License-Identifier: MIT
// `ringfence compare`: what it prints and writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/end_to_end/command.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::end_to_end {
namespace {

using lab::testing::read_file;
using lab::testing::ScratchDirectory;
using ::testing::HasSubstr;

const std::vector<std::string> workload = {"--file", source_file("guest/workloads/shell.sh"),
                                           "--",     "/bin/busybox",
                                           "sh",     source_file("guest/workloads/shell.sh")};

Outcome compare(std::vector<std::string> options, const std::vector<std::string>& rest,
                const CommandOptions& how = {}) {
    options.insert(options.begin(), "compare");
    options.insert(options.end(), rest.begin(), rest.end());
    return ringfence(options, how);
}

TEST(Compare, CountsWhatIsolationDoes) {
    const ScratchDirectory directory;
    const Outcome outcome = compare({"--mode", "fast", "--json", directory / "json"}, workload);
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("shared"));
    EXPECT_THAT(outcome.output, HasSubstr("isolated, no PCID"));

    const auto document = nlohmann::json::parse(read_file(directory / "json"));
    ASSERT_EQ(document["runs"].size(), 3U);
    const auto& shared = document["runs"][0];
    const auto& isolated = document["runs"][1];
    const auto& without_pcid = document["runs"][2];
    EXPECT_EQ(shared["design"], "shared");
    EXPECT_EQ(isolated["design"], "isolated");
    EXPECT_EQ(isolated["pcid"], true);
    EXPECT_EQ(without_pcid["design"], "isolated");
    EXPECT_EQ(without_pcid["pcid"], false);
    for (const auto& run : document["runs"]) {
        EXPECT_EQ(run["exit_status"], 0);
        EXPECT_EQ(run["stdout_sha256"], shared["stdout_sha256"]);
        const auto& places = run["instructions_by_place"];
        EXPECT_EQ(run["instructions"].get<u64>(),
                  places["user"].get<u64>() + places["entry"].get<u64>() +
                      places["kernel"].get<u64>() + places["exit"].get<u64>())
            << "every instruction has one place";
        EXPECT_GT(places["user"].get<u64>(), 10'000'000U);
        EXPECT_GT(run["entries"]["syscall"].get<u64>(), 3000U);
        EXPECT_GT(run["entries"]["page_fault"].get<u64>(), 1000U);
        EXPECT_GT(run["context_switches"].get<u64>(), 100U);
    }
    // Each entry from user mode and each exit back writes the root in the isolated design.
    EXPECT_GT(
        isolated["root_writes"].get<u64>(),
        shared["root_writes"].get<u64>() + 2 * isolated["entries"]["syscall"].get<u64>() - 1000);
    EXPECT_GT(isolated["instructions_by_place"]["entry"].get<u64>(),
              shared["instructions_by_place"]["entry"].get<u64>());
    EXPECT_GT(isolated["more_than_shared"]["root_writes"]["absolute"].get<i64>(), 0);
}

TEST(Compare, WritesTheSameBytesEachTime) {
    const ScratchDirectory directory;
    const auto write = [&](const char* jobs, const std::string& file) {
        return compare({"--mode", "fast", "--jobs", jobs, "--json", file}, workload).status;
    };
    ASSERT_EQ(write("1", directory / "one"), 0);
    ASSERT_EQ(write("3", directory / "two"), 0);
    const std::string one = read_file(directory / "one");
    EXPECT_EQ(one, read_file(directory / "two"));
    EXPECT_THAT(one, ::testing::Not(HasSubstr(directory.path())));
    EXPECT_EQ(one.back(), '\n');
}

TEST(Compare, GivesEveryRunTheSameStandardInput) {
    const Outcome outcome = compare({"--json", "-"}, {"--", "/bin/busybox", "sha256sum"},
                                    {.input = std::string(50000, 'z')});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const auto document = nlohmann::json::parse(outcome.output);
    const Outcome host = on_host({"/bin/busybox", "sha256sum"}, {.input = std::string(50000, 'z')});
    const Outcome digest = on_host({"/bin/busybox", "sha256sum"}, {.input = host.output});
    for (const auto& run : document["runs"]) {
        EXPECT_EQ(run["stdout_sha256"].get<std::string>(), digest.output.substr(0, 64));
    }
}

TEST(Compare, ReportsAProgramThatFails) {
    const Outcome outcome =
        compare({"--json", "-"}, {"--", "/bin/busybox", "sh", "-c", "kill -SEGV $$"});
    ASSERT_EQ(outcome.status, 0) << "it fails in the same way in every design";
    EXPECT_EQ(nlohmann::json::parse(outcome.output)["runs"][0]["exit_status"], 139);
}

TEST(Compare, NoticesThatAProgramSeesTheDifference) {
    // The clock tells the designs apart: they take different times to get there.
    const Outcome outcome = compare({}, {"--", guest_program("end"), "clock"});
    EXPECT_EQ(outcome.status, 255);
    EXPECT_THAT(outcome.error, HasSubstr("behaves differently"));
}

TEST(Compare, RunsOnQemu) {
    const Outcome outcome = compare({"--machine", "qemu", "--json", "-"}, workload);
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const auto document = nlohmann::json::parse(outcome.output);
    ASSERT_EQ(document["runs"].size(), 2U) << "QEMU has no PCID";
    EXPECT_FALSE(document["runs"][0].contains("instructions")) << "QEMU does not count them";
    EXPECT_GT(document["runs"][1]["root_writes"].get<u64>(),
              document["runs"][0]["root_writes"].get<u64>());
}

TEST(Compare, SeveralProcessors) {
    const Outcome outcome = compare({"--cpu", "skylake-sp,nehalem", "--json", "-"},
                                    {"--", "/bin/busybox", "echo", "x"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const auto document = nlohmann::json::parse(outcome.output);
    ASSERT_EQ(document["runs"].size(), 5U) << "Nehalem has no PCID, so two runs there";
    EXPECT_EQ(document["runs"][3]["cpu"], "nehalem");
    EXPECT_EQ(document["runs"][4]["pcid"], false);
}

}  // namespace
}  // namespace ringfence::end_to_end
