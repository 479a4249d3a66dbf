// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lab/error.h"
#include "lab/report/compare_json.h"
#include "lab/report/compare_table.h"
#include "lab/report/numbers.h"
#include "lab/report/output_file.h"
#include "lab/report/sha256.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::lab::report {
namespace {

using ::testing::HasSubstr;
using testing::read_file;
using testing::ScratchDirectory;

// The examples of FIPS 180-4, and lengths around the padding's limits by their digests from
// sha256sum.
TEST(Sha256, AgreesWithTheStandard) {
    EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256(std::string(1000000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_EQ(sha256(std::string(55, 'x')),
              "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072");
    EXPECT_EQ(sha256(std::string(56, 'x')),
              "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e");
    EXPECT_EQ(sha256(std::string(64, 'x')),
              "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c");
}

RunResult result(const std::string& label, Design design, bool pcid, u64 instructions,
                 u64 root_writes) {
    RunResult run;
    run.setup = {"skylake-sp", design, pcid, label};
    run.output = "out\n";
    run.metrics[static_cast<usize>(Metric::Instructions)] = instructions;
    run.metrics[static_cast<usize>(Metric::User)] = instructions / 2;
    run.metrics[static_cast<usize>(Metric::RootWrites)] = root_writes;
    return run;
}

std::vector<RunResult> example() {
    return {result("shared", Design::Shared, true, 1000000, 0),
            result("isolated", Design::Isolated, true, 1025000, 4000)};
}

TEST(CompareTable, ShowsEachDesignAndWhatItCostsMore) {
    const std::string table = compare_table(example(), Style::Plain);
    EXPECT_THAT(table, HasSubstr("1,000,000"));
    EXPECT_THAT(table, HasSubstr("+25,000"));
    EXPECT_THAT(table, HasSubstr("+2.50%"));
    EXPECT_THAT(table, HasSubstr("new")) << "root writes against none have no percentage";
    EXPECT_EQ(table.find('\033'), std::string::npos);
    EXPECT_THAT(compare_table(example(), Style::Terminal), HasSubstr("\033[1m"));
}

TEST(CompareTable, GroupsDigits) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(1234567890), "1,234,567,890");
}

TEST(CompareJson, HasTheFieldsThatToolsRelyOn) {
    const CompareInputs inputs{.program = {"sh", "\xff"},
                               .machine = "builtin",
                               .initramfs = "i",
                               .kernel = "k",
                               .standard_input = ""};
    const auto document = nlohmann::json::parse(compare_json(inputs, example()));
    EXPECT_EQ(document["schema"], "ringfence.compare/1");
    EXPECT_EQ(document["program"][0], "sh");
    EXPECT_EQ(document["program"][1], "\xef\xbf\xbd");
    const auto& run = document["runs"][1];
    EXPECT_EQ(run["cpu"], "skylake-sp");
    EXPECT_EQ(run["design"], "isolated");
    EXPECT_EQ(run["pcid"], true);
    EXPECT_EQ(run["exit_status"], 0);
    EXPECT_EQ(run["stdout_sha256"], sha256("out\n"));
    EXPECT_EQ(run["instructions"], 1025000);
    EXPECT_EQ(run["instructions_by_place"]["user"], 512500);
    EXPECT_EQ(run["root_writes"], 4000);
    EXPECT_EQ(run["more_than_shared"]["instructions"]["absolute"], 25000);
    EXPECT_EQ(run["more_than_shared"]["instructions"]["percent"], 2.5);
    EXPECT_FALSE(run["more_than_shared"]["root_writes"].contains("percent"));
    EXPECT_FALSE(document["runs"][0].contains("more_than_shared"));
    EXPECT_FALSE(run.contains("cycles")) << "what is not measured is absent";
    EXPECT_FALSE(run["entries"].contains("syscall"));
}

TEST(Disagreement, NamesWhatDiffersAndWhere) {
    auto results = example();
    EXPECT_EQ(find_disagreement(results), "");
    results[1].output = "ouT\n";
    EXPECT_THAT(find_disagreement(results), HasSubstr("standard output differs from byte 2"));
    results[1].output = results[0].output + "x";
    EXPECT_THAT(find_disagreement(results), HasSubstr("from byte 4"));
    results[1].output = results[0].output;
    results[1].error = "e";
    EXPECT_THAT(find_disagreement(results), HasSubstr("standard error"));
    results[1].exit.signal = 9;
    EXPECT_THAT(find_disagreement(results), HasSubstr("exit status is 0 and 137"));
}

TEST(OutputFile, IsWrittenWholeAndReplacesWhatWasThere) {
    const ScratchDirectory directory;
    const std::string path = directory.write("out", "old and longer");
    check_writable(path);
    write_file(path, "new");
    EXPECT_EQ(read_file(path), "new");
    write_file(directory / "fresh", "x");
    EXPECT_EQ(read_file(directory / "fresh"), "x");
}

TEST(OutputFile, FollowsALinkInsteadOfReplacingIt) {
    const ScratchDirectory directory;
    const std::string real = directory.write("real", "old");
    std::filesystem::create_symlink(real, directory / "link");
    write_file(directory / "link", "new");
    EXPECT_EQ(read_file(real), "new");
    EXPECT_TRUE(std::filesystem::is_symlink(directory / "link"));
}

TEST(OutputFile, FailureLeavesNothingBehind) {
    const ScratchDirectory directory;
    EXPECT_THROW(check_writable(directory / "missing/out"), LabError);
    EXPECT_THROW(check_writable(directory.path()), LabError);
    EXPECT_THROW(write_file(directory / "missing/out", "x"), LabError);
    try {
        write_file("/dev/full", "x");
        ADD_FAILURE() << "/dev/full took a byte";
    } catch (const LabError& error) {
        EXPECT_THAT(error.what(), HasSubstr("/dev/full: cannot be written: No space left"));
    }
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

}  // namespace
}  // namespace ringfence::lab::report
