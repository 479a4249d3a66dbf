// SPDX-License-Identifier: MIT
#include "lab/report/cpus_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/presets/figure_rules.h"
#include "sim/presets/preset_file.h"
#include "sim/presets/what_if.h"

namespace ringfence::lab::report {
namespace {

using nlohmann::json;
using sim::presets::CpuModel;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

CpuModel preset(std::string_view name) {
    return sim::presets::find_preset(name).value();
}

TEST(CpusReport, TheTableSaysWhatTheKernelDoes) {
    const std::string table = cpus_table({preset("skylake-sp"), preset("nehalem"), preset("zen2")});
    EXPECT_THAT(table, ContainsRegex("skylake-sp +Intel.*3.50 GHz +yes +yes +on "));
    EXPECT_THAT(table, ContainsRegex("nehalem +Intel.*2.66 GHz +no +yes +on "));
    EXPECT_THAT(table, ContainsRegex("zen2 +AMD.*3.60 GHz +no +no +off "));
}

TEST(CpusReport, EveryFigureHasItsLineAndEverySourceIsExplained) {
    const CpuModel cpu = preset("skylake-sp");
    const std::string text = cpu_figures(cpu);
    for (const auto& [path, figure] : cpu.figures().values) {
        EXPECT_THAT(text, HasSubstr("\n" + path + " ")) << path;
        EXPECT_THAT(text, HasSubstr(cpu.figures().sources.at(figure.source))) << path;
    }
    for (const auto& [name, figure] : cpu.figures().published) {
        EXPECT_THAT(text, HasSubstr("\n  " + name + " "));
    }
    EXPECT_THAT(text, ContainsRegex("core.load_ports +p23 "));
    EXPECT_THAT(text, ContainsRegex("vulnerability.fault_forward +data "));
    EXPECT_THAT(text, ContainsRegex("memory.gap_ns +6.7 +ns +GREGG "));
}

TEST(CpusReport, JsonHoldsEveryFigureWithUnitAndSource) {
    const CpuModel cpu = preset("skylake-sp");
    const json document = json::parse(cpus_json({cpu}, {}));
    EXPECT_EQ(document["schema"], "ringfence.cpus/1");
    EXPECT_EQ(document["what_if"], json::array());
    const json& entry = document["cpus"].at(0);
    EXPECT_EQ(entry["name"], "skylake-sp");
    EXPECT_EQ(entry["clock_hz"], 3'496'000'000U);
    EXPECT_EQ(entry["pti_auto"], "on");
    EXPECT_EQ(entry["figures"].size(), cpu.figures().values.size());
    const auto figure = [&](std::string_view path) -> const json& {
        for (const json& candidate : entry["figures"]) {
            if (candidate["path"] == path) {
                return candidate;
            }
        }
        ADD_FAILURE() << path;
        return entry;
    };
    EXPECT_EQ(figure("core.reorder_buffer")["value"], 224);
    EXPECT_EQ(figure("core.reorder_buffer")["unit"], "micro-ops");
    EXPECT_EQ(figure("core.load_ports")["value"], "p23");
    EXPECT_EQ(figure("cache.llc.inclusive")["value"], false);
    EXPECT_EQ(figure("memory.gap_ns")["value"], 6.7);
    EXPECT_EQ(figure("memory.gap_ns")["source"], "GREGG");
    EXPECT_THAT(figure("memory.gap_ns")["source_text"].get<std::string>(), HasSubstr("s1bench"));
}

TEST(CpusReport, ReplacedFiguresAreShownAsSuch) {
    const std::vector<sim::presets::Override> overrides{{"cr3_write", "5"}};
    const CpuModel cpu = sim::presets::with_overrides(preset("zen4"), overrides).value();
    EXPECT_THAT(cpu_figures(cpu), ContainsRegex("privileged.cr3_write +5 +cycles +WHAT-IF "));
    EXPECT_EQ(json::parse(cpus_json({cpu}, {"cr3_write=5"}))["what_if"].at(0), "cr3_write=5");
}

TEST(CpusReport, CountsAddUp) {
    const CpuModel cpu = preset("haswell");
    const json counts = json::parse(cpus_json({cpu}, {}))["cpus"][0]["confidence"];
    EXPECT_EQ(counts["cited"].get<usize>() + counts["unverified"].get<usize>() +
                  counts["estimated"].get<usize>(),
              cpu.figures().values.size());
}

}  // namespace
}  // namespace ringfence::lab::report
