// SPDX-License-Identifier: MIT
// Guests find in each processor what its preset says, and find it again when it says something
// else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/command.h"

namespace ringfence::end_to_end {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// The measurements of one processor by name; the command's status is `status`.
std::map<std::string, json> measure(std::vector<std::string> options, int status = 0) {
    std::vector<std::string> arguments{"measure", "--json", "-"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = ringfence(arguments);
    EXPECT_EQ(outcome.status, status) << outcome.error << outcome.output;
    std::map<std::string, json> rows;
    const json document = json::parse(outcome.output, nullptr, false);
    for (const auto& row : document["cpus"][0]["measurements"]) {
        rows[row["name"]] = row;
    }
    return rows;
}

class EveryFigure : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryFigure, IsFoundFromInside) {
    const auto rows = measure({"--cpu", GetParam()});
    constexpr size_t fewest = 140;
    EXPECT_GE(rows.size(), fewest);
    for (const auto& [name, row] : rows) {
        EXPECT_EQ(row["verdict"], "within") << row.dump();
    }
}

INSTANTIATE_TEST_SUITE_P(Cpu, EveryFigure,
                         ::testing::Values("nehalem", "haswell", "broadwell", "skylake-sp",
                                           "cascadelake", "icelake", "zen2", "zen4"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::erase(name, '-');
                             return name;
                         });

/// Many figures at once; tools/follow_figures.py takes one after another.
TEST(Measure, FollowsFiguresThatAreReplaced) {
    const std::vector<std::pair<std::string, std::string>> figures{
        {"core.reorder_buffer", "160"},
        {"core.scheduler", "72"},
        {"core.load_queue", "50"},
        {"core.store_queue", "40"},
        {"core.mispredict_penalty", "25"},
        {"core.store_forward_latency", "9"},
        {"predictor.return_stack", "24"},
        {"predictor.history_bits", "9"},
        {"execution.multiply.latency", "6"},
        {"execution.divide64.occupancy", "30"},
        {"cache.l1d.latency", "6"},
        {"cache.l2.latency", "21"},
        {"cache.llc.latency", "90"},
        {"cache.l2.kib", "512"},
        {"cache.l1d.fill_buffers", "8"},
        {"prefetch.streamer", "off"},
        {"tlb.dtlb_4k.entries", "128"},
        {"tlb.stlb_4k2m.entries", "768"},
        {"tlb.itlb_4k.ways", "4"},
        {"paging_structure_cache.pde.entries", "16"},
        {"translation.stlb_hit_extra", "12"},
        {"privileged.cr3_write", "333"},
        {"privileged.sysret", "99"},
        {"core.exception_start", "60"},
        {"vulnerability.fault_forward", "zero"}};
    const auto usual = measure({"--cpu", "skylake-sp"});
    std::vector<std::string> options{"--cpu", "skylake-sp"};
    for (const auto& [path, value] : figures) {
        options.insert(options.end(), {"--what-if", path + "=" + value});
    }
    const auto changed = measure(options);
    for (const auto& [path, value] : figures) {
        bool seen = false;
        for (const auto& [name, row] : changed) {
            const auto& recovers = row["figures"];
            const bool of_this =
                std::find(recovers.begin(), recovers.end(), path) != recovers.end();
            seen = seen || (of_this && row["measured"] != usual.at(name)["measured"]);
        }
        EXPECT_TRUE(seen) << path;
    }
}

TEST(Measure, SaysWhatIsOffWithItsStatus) {
    const auto rows =
        measure({"--cpu", "skylake-sp", "--name", "cache.llc.kib", "--tolerance", "0"}, 2);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.at("cache.llc.kib")["verdict"], "off");
    EXPECT_EQ(rows.at("cache.llc.kib")["preset"], 25344);
}

TEST(Measure, TakesAPresetOfTheUsers) {
    std::ifstream input(source_file("sim/presets/zen2.toml"));
    std::string text{std::istreambuf_iterator<char>(input), {}};
    const std::string old_name = "name = \"zen2\"";
    const std::string old_figure = "syscall = [53,";
    text.replace(text.find(old_name), old_name.size(), "name = \"mine\"");
    text.replace(text.find(old_figure), old_figure.size(), "syscall = [77,");
    const std::string path = ::testing::TempDir() + "/mine." + std::to_string(getpid()) + ".toml";
    std::ofstream(path) << text;
    const auto rows = measure({"--cpu-file", path, "--name", "privileged.syscall"});
    EXPECT_EQ(rows.at("privileged.syscall")["measured"], 77);
}

TEST(Measure, IsTheSameEveryTime) {
    const std::vector<std::string> arguments{"measure", "--json",      "-",
                                             "--name",  "core,memory", "--jobs"};
    const auto with_jobs = [&](const char* jobs) {
        std::vector<std::string> all = arguments;
        all.emplace_back(jobs);
        return ringfence(all).output;
    };
    EXPECT_EQ(with_jobs("1"), with_jobs("2"));
}

TEST(Measure, RefusesNamesThatItHasNot) {
    const Outcome outcome = ringfence({"measure", "--name", "cache.l2.latncy"});
    EXPECT_EQ(outcome.status, 255);
    EXPECT_THAT(outcome.error, HasSubstr("cache.l2.latency"));
}

}  // namespace
}  // namespace ringfence::end_to_end
