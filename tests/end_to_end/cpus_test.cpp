// SPDX-License-Identifier: MIT
// `ringfence cpus`, and processors from files and with replaced figures where programs run on them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/command.h"

namespace ringfence::end_to_end {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string text_of(const std::string& path) {
    std::ifstream input(path);
    return {std::istreambuf_iterator<char>(input), {}};
}

/// A preset file like the default one, with each first text replaced by the second.
std::string preset_file(const std::string& name,
                        const std::vector<std::pair<std::string, std::string>>& changes) {
    std::string text = text_of(source_file("sim/presets/skylake-sp.toml"));
    for (const auto& [from, to] : changes) {
        const auto at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        text.replace(at, from.size(), to);
    }
    const std::string path = ::testing::TempDir() + "/" + name + ".toml";
    std::ofstream(path) << text;
    return path;
}

TEST(Cpus, ListsThePresetsAndWhatTheKernelDoesOnThem) {
    const Outcome outcome = ringfence({"cpus"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    for (const char* const line :
         {"broadwell .* on ", "cascadelake .* off ", "haswell .* on ", "icelake .* off ",
          "nehalem .* on ", "skylake-sp .* on ", "zen2 .* off ", "zen4 .* off "}) {
        EXPECT_THAT(outcome.output, ContainsRegex(line));
    }
}

TEST(Cpus, ShowsEveryFigureOfOneWithItsSource) {
    const Outcome outcome = ringfence({"cpus", "haswell"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.output, ContainsRegex("privileged.page_fault +715 +cycles +TORV "));
    EXPECT_THAT(outcome.output, ContainsRegex("TORV +Linus Torvalds"));
}

TEST(Cpus, JsonIsTheSameEveryTimeAndComesAlone) {
    const Outcome first = ringfence({"cpus", "zen2", "--json", "-"});
    ASSERT_EQ(first.status, 0) << first.error;
    EXPECT_EQ(ringfence({"cpus", "--json", "-", "zen2"}).output, first.output);
    const json document = json::parse(first.output);
    EXPECT_EQ(document["schema"], "ringfence.cpus/1");
    EXPECT_EQ(document["cpus"].size(), 1U);
    EXPECT_EQ(json::parse(ringfence({"cpus", "--json", "-"}).output)["cpus"].size(), 8U);
}

TEST(Cpus, MistakesAreExplained) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> table = {
        {{"cpus", "zen3"}, "did you mean 'zen"},
        {{"cpus", "--cpu-file", "/nowhere.toml"}, "/nowhere.toml: cannot be read"},
        {{"cpus", "--what-if", "rob"}, "expected KEY=VALUE"},
        {{"cpus", "--what-if", "syscal=1"}, "did you mean 'syscall'?"},
        {{"cpus", "zen2", "zen2"}, "two processors are called 'zen2'"},
    };
    for (const auto& [arguments, message] : table) {
        const Outcome outcome = ringfence(arguments);
        EXPECT_EQ(outcome.status, 255) << message;
        EXPECT_THAT(outcome.error, HasSubstr(message));
        EXPECT_EQ(outcome.output, "");
    }
}

TEST(CpuFile, IsCheckedAsThePresetsAre) {
    const std::string path = preset_file("mistake", {{"[64, 4, \"OK\"]", "[64, 5, \"OK\"]"}});
    const Outcome outcome = ringfence({"run", "--cpu-file", path, "--", "/bin/busybox", "true"});
    EXPECT_EQ(outcome.status, 125);
    EXPECT_THAT(outcome.error, ContainsRegex("mistake.toml:[0-9]+: key 'tlb.dtlb_4k.entries'"));
    std::filesystem::remove(path);
}

TEST(CpuFile, IsAProcessorOfTheComparison) {
    const std::string path = preset_file(
        "mine", {{"name = \"skylake-sp\"", "name = \"mine\""}, {"\"pcid\", \"invpcid\", ", ""}});
    const Outcome outcome =
        ringfence({"compare", "--cpu-file", path, "--json", "-", "--", "/bin/busybox", "true"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const json document = json::parse(outcome.output);
    ASSERT_EQ(document["runs"].size(), 2U) << "the file's processor has no PCID";
    EXPECT_EQ(document["runs"][0]["cpu"], "mine");
    std::filesystem::remove(path);
}

TEST(WhatIf, ChangesTheProcessorAndIsInTheResults) {
    const Outcome outcome = ringfence({"compare", "--what-if", "pcid=off,root-write=0", "--json",
                                       "-", "--", "/bin/busybox", "true"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const json document = json::parse(outcome.output);
    EXPECT_THAT(document["what_if"], ElementsAre("pcid=off", "root-write=0"));
    ASSERT_EQ(document["runs"].size(), 2U);
    EXPECT_EQ(document["runs"][1]["pcid"], false);
    const Outcome table =
        ringfence({"compare", "--what-if", "root-write=0", "--", "/bin/busybox", "true"});
    EXPECT_THAT(table.output, HasSubstr("What if: root-write=0"));
}

TEST(WhatIf, ACheaperRootWriteSavesWhatItCostBefore) {
    const auto isolated_run = [](const std::string& cost) {
        const Outcome outcome =
            ringfence({"compare", "--design", "isolated", "--what-if", "root-write=" + cost,
                       "--json", "-", "--", "/bin/busybox", "true"});
        EXPECT_EQ(outcome.status, 0) << outcome.error;
        return json::parse(outcome.output)["runs"][0];
    };
    const json dear = isolated_run("500");
    const json cheap = isolated_run("100");
    EXPECT_EQ(dear["instructions"], cheap["instructions"]) << "the program does not change";
    const auto saved =
        dear["stack"]["root_write"].get<double>() - cheap["stack"]["root_write"].get<double>();
    EXPECT_NEAR(saved, 400 * dear["root_writes"].get<double>(), 0.05 * saved);
}

TEST(WhatIf, IsRefusedWhereItMakesNoSense) {
    const std::vector<std::string> program{"--", "/bin/busybox", "true"};
    const std::vector<std::pair<std::vector<std::string>, std::string>> table = {
        {{"run", "--what-if", "tlb=big"}, "tlb: expected infinite"},
        {{"run", "--what-if", "cache.l2.ways=0"}, "cache.l2.ways: expected a whole number"},
        {{"run", "--machine", "qemu", "--what-if", "pcid=off"}, "QEMU has one processor"},
        {{"run", "--cpu", "zen2,zen4"}, "run takes one processor"},
        {{"run", "--what-if", "pcid=off", "--pcid", "on"}, "no PCID"},
    };
    for (auto [arguments, message] : table) {
        arguments.insert(arguments.end(), program.begin(), program.end());
        const Outcome outcome = ringfence(arguments);
        EXPECT_EQ(outcome.status, 125) << message;
        EXPECT_THAT(outcome.error, HasSubstr(message));
        EXPECT_EQ(outcome.output, "");
    }
}

}  // namespace
}  // namespace ringfence::end_to_end
