// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/error.h"
#include "lab/report/suite_report.h"
#include "lab/suite/result.h"
#include "lab/suite/suite_file.h"

namespace ringfence::lab::suite {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string error_of(const std::string& text) {
    try {
        static_cast<void>(parse_suite(text, "mine.toml"));
    } catch (const LabError& error) {
        return error.what();
    }
    return "no error";
}

const std::string good = R"([[workload]]
name = "one"
meaning = "does something"
kind = "kernel"
command = ["/bin/busybox", "true"]
)";

TEST(SuiteFile, HasWhatItSays) {
    const auto workloads = parse_suite(good + R"(files = ["a=/a"]
samples = { "/log" = 5 }
scripts = { "/job.sh" = "exit 0" }
)",
                                       "mine.toml");
    ASSERT_EQ(workloads.size(), 1U);
    const Workload expected{.name = "one",
                            .meaning = "does something",
                            .kind = Kind::Kernel,
                            .command = {"/bin/busybox", "true"},
                            .files = {"a=/a"},
                            .scripts = {{"/job.sh", "exit 0"}},
                            .samples = {{"/log", 5}}};
    EXPECT_EQ(workloads.front(), expected);
}

TEST(SuiteFile, IsRefusedWithItsLine) {
    EXPECT_THAT(error_of(""), HasSubstr("has no [[workload]]"));
    EXPECT_THAT(error_of("x ="), StartsWith("mine.toml:1: "));
    EXPECT_THAT(error_of("\nother = 3\n"), StartsWith("mine.toml:2: 'other'"));
    EXPECT_THAT(error_of("[[workload]]\nname = \"a\"\n"), HasSubstr("has no 'meaning'"));
    EXPECT_THAT(error_of(good + "comand = 3\n"),
                StartsWith("mine.toml:6: unknown key 'comand', did you mean 'command'?"));
    EXPECT_THAT(error_of(good + "files = 3\n"), StartsWith("mine.toml:6: expected a list"));
    EXPECT_THAT(error_of(good + "files = [3]\n"), StartsWith("mine.toml:6: expected text"));
    EXPECT_THAT(error_of(good + "samples = { \"log\" = 5 }\n"), HasSubstr("not an absolute path"));
    EXPECT_THAT(error_of(good + "samples = { \"/log\" = 0 }\n"), HasSubstr("a number of bytes"));
    EXPECT_THAT(error_of(good + good), StartsWith("mine.toml:6: a second workload"));
    std::string kind = good;
    kind.replace(kind.find("kernel"), 6, "kernal");
    EXPECT_THAT(error_of(kind), StartsWith("mine.toml:4: 'kernal' is no kind"));
}

TEST(SuiteFile, TheBuiltInOneIsRight) {
    const auto workloads = parse_suite(built_in_suite(), "workloads.toml");
    EXPECT_GE(workloads.size(), 10U);
}

TEST(SampleText, IsTheSameEachTime) {
    const std::string text = sample_text(1000);
    EXPECT_EQ(text.size(), 1000U);
    EXPECT_EQ(sample_text(400), text.substr(0, 400));
    EXPECT_THAT(text, StartsWith("0000001 host"));
}

class SuiteResults : public ::testing::Test {
protected:
    Row row(const Workload& workload, u64 shared, u64 isolated, u64 without_pcid) {
        return {&workload,
                "some-cpu",
                {run(Design::Shared, true, "shared", shared),
                 run(Design::Isolated, true, "isolated", isolated),
                 run(Design::Isolated, false, "isolated, no PCID", without_pcid)},
                {}};
    }

    static Workload named(const char* name, Kind kind) {
        Workload workload;
        workload.name = name;
        workload.kind = kind;
        return workload;
    }

    const Workload compute_ = named("c", Kind::Compute);
    const Workload kernel_ = named("k", Kind::Kernel);
    const Workload server_ = named("s", Kind::Loopback);
    const Column isolated_{Design::Isolated, true, "isolated"};

private:
    static RunResult run(Design design, bool pcid, const char* label, u64 cycles) {
        RunResult result{};
        result.setup = {"some-cpu", design, pcid, label};
        result.metrics[static_cast<usize>(Metric::Cycles)] = cycles;
        return result;
    }
};

TEST_F(SuiteResults, AreSummedUpByTheirGeometricMean) {
    const std::vector<Row> rows = {row(compute_, 100, 100, 100), row(kernel_, 100, 144, 200),
                                   row(server_, 100, 130, 300)};
    EXPECT_EQ(columns_of(rows).size(), 2U);
    const Summary programs = summarise(rows, "some-cpu", isolated_, {Kind::Compute, Kind::Kernel});
    EXPECT_EQ(programs.count, 2U);
    EXPECT_EQ(programs.below_ten_percent, 1U);
    EXPECT_NEAR(programs.geometric_mean, 0.2, 1e-9);
    const Summary loopback = summarise(rows, "some-cpu", isolated_, {Kind::Loopback});
    EXPECT_EQ(loopback.dearest, &rows[2]);
    EXPECT_NEAR(loopback.highest, 0.3, 1e-9);
    EXPECT_EQ(summarise(rows, "other-cpu", isolated_, {Kind::Compute}).count, 0U);
}

TEST_F(SuiteResults, AreReportedBesideWhatIsSaid) {
    std::vector<Row> rows = {row(compute_, 1'000'000, 1'050'000, 1'100'000)};
    rows.push_back({&kernel_, "some-cpu", {}, "k: not found"});
    const std::string table = report::suite_table(rows);
    EXPECT_THAT(table, HasSubstr("+5.0 %"));
    EXPECT_THAT(table, HasSubstr("isolated: 1 of 1 programs cost less than 10 % more"));
    EXPECT_THAT(table, HasSubstr("not run: k: k: not found\n"));
    EXPECT_THAT(report::suite_json({}, rows), HasSubstr("\"percent\": 5.0"));
}

}  // namespace
}  // namespace ringfence::lab::suite
