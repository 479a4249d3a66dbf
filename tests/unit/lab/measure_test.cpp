// SPDX-License-Identifier: MIT
// What presets say that guests will measure, and how the two are compared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "lab/cpu_selection.h"
#include "lab/error.h"
#include "lab/measure/finding.h"
#include "lab/measure/port_bound.h"
#include "lab/report/measure_report.h"
#include "sim/presets/preset_file.h"

namespace ringfence::lab {
namespace {

using measure::Expectation;
using measure::Finding;
using measure::Measurement;
using measure::Results;
using measure::Verdict;
using sim::presets::CpuModel;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CpuModel preset(const std::string& name, const std::vector<std::string>& what_if = {}) {
    const CpuSelection selection = select_cpus({.names = {name}, .what_if = what_if});
    return selection.model(name);
}

const Measurement& measurement(const std::string& name) {
    const auto& all = measure::measurements();
    const auto found = std::ranges::find(all, name, &Measurement::name);
    EXPECT_NE(found, all.end()) << name;
    return *found;
}

Expectation expect(const CpuModel& cpu, const std::string& name) {
    return measurement(name).expect(cpu, name);
}

/// A program that has printed for each measurement what the preset says.
Results as_expected(const CpuModel& cpu) {
    Results results;
    for (const Measurement& one : measure::measurements()) {
        results[one.name] = one.expect(cpu, one.name).value;
    }
    return results;
}

std::vector<const Measurement*> all_measurements() {
    std::vector<const Measurement*> all;
    for (const Measurement& one : measure::measurements()) {
        all.push_back(&one);
    }
    return all;
}

TEST(Expectations, EveryFigureOfEveryPresetIsRecoveredOrSaysWhyNot) {
    for (const std::string_view name : sim::presets::preset_names()) {
        const CpuModel cpu = preset(std::string(name));
        std::set<std::string> known;
        for (const Measurement& one : measure::measurements()) {
            for (const std::string& path : expect(cpu, one.name).recovers) {
                EXPECT_TRUE(cpu.figures().has(path)) << one.name << ": " << path;
                known.insert(path);
            }
        }
        const auto found = measure::find(cpu, as_expected(cpu), all_measurements());
        EXPECT_EQ(known.size() + found.hidden.size(), cpu.figures().values.size()) << name;
        for (const auto& hidden : found.hidden) {
            EXPECT_FALSE(hidden.reason.empty()) << name << ": " << hidden.path;
            EXPECT_FALSE(known.contains(hidden.path)) << name << ": " << hidden.path;
        }
        EXPECT_EQ(measure::judge({found}, 0), Verdict::Within) << name;
    }
}

TEST(Expectations, NamesAreTheirOwn) {
    std::set<std::string> names;
    for (const Measurement& one : measure::measurements()) {
        EXPECT_TRUE(names.insert(one.name).second) << one.name;
        EXPECT_FALSE(one.unit.empty()) << one.name;
    }
}

TEST(Expectations, TheNarrowestWidthIsTheOneThatIsSeen) {
    const Expectation usual = expect(preset("skylake-sp"), "core.instructions_per_cycle");
    EXPECT_EQ(usual.value, 4);
    EXPECT_THAT(usual.recovers, ElementsAre("core.dispatch_width", "core.retire_width"));
    const Expectation narrow =
        expect(preset("skylake-sp", {"decode_width=3"}), "core.instructions_per_cycle");
    EXPECT_EQ(narrow.value, 3);
    EXPECT_THAT(narrow.recovers, ElementsAre("core.decode_width"));
}

TEST(Expectations, WhatALimitHidesHasNoValue) {
    EXPECT_EQ(expect(preset("skylake-sp"), "core.reorder_buffer").value, 224);
    // 80 ns are 280 cycles, in which 1120 micro-operations are dispatched.
    EXPECT_FALSE(
        expect(preset("skylake-sp", {"reorder_buffer=1200"}), "core.reorder_buffer").value);
    EXPECT_FALSE(expect(preset("skylake-sp", {"scheduler=224"}), "core.scheduler").value);
    EXPECT_FALSE(expect(preset("skylake-sp", {"fetch_bytes=64"}), "core.fetch_bytes").value);
    EXPECT_FALSE(expect(preset("nehalem"), "execution.aes.latency").value);
    EXPECT_FALSE(expect(preset("nehalem"), "privileged.invpcid_all").value);
    EXPECT_FALSE(expect(preset("zen2"), "tlb.dtlb.2m.entries").value);
    // 24750 sets are 2 times 12375.
    EXPECT_FALSE(expect(preset("skylake-sp", {"llc.ways=16"}), "cache.llc.ways").value);
}

TEST(Expectations, ThroughputIsTheUnitsUnlessTheCoreIsNarrower) {
    const Expectation divide = expect(preset("skylake-sp"), "execution.divide64.cycles");
    EXPECT_EQ(divide.value, 21);
    EXPECT_THAT(divide.recovers,
                ElementsAre("execution.divide64.ports", "execution.divide64.occupancy"));
    // 42 micro-operations and two more instructions, four in a cycle.
    const Expectation long_divide = expect(preset("skylake-sp", {"divide64.micro_operations=102"}),
                                           "execution.divide64.cycles");
    EXPECT_EQ(long_divide.value, 26);
    EXPECT_THAT(long_divide.recovers, IsEmpty());
}

TEST(Expectations, SumsAreOfWhatHappensOneAfterAnother) {
    EXPECT_EQ(expect(preset("haswell"), "privileged.page_fault").value, 715 + 35);
    EXPECT_EQ(expect(preset("icelake"), "translation.walk").value, 7 + 5);
    // Shorter than what follows takes to be fetched.
    const Expectation fast = expect(preset("icelake", {"syscall=9"}), "privileged.syscall");
    EXPECT_EQ(fast.value, 17);
    EXPECT_THAT(fast.recovers, IsEmpty());
}

TEST(Ports, OperationsOfOnePortTakeTurns) {
    EXPECT_EQ(measure::cycles_by_ports({0b1}), 1);
    EXPECT_EQ(measure::cycles_by_ports({0b1, 0b1, 0b1}), 3);
    EXPECT_EQ(measure::cycles_by_ports({0b11, 0b11, 0b11}), 1.5);
}

TEST(Ports, TheMostCrowdedPortsDecide) {
    // Two of three ports could take both kinds, but one kind has only those two.
    EXPECT_EQ(measure::cycles_by_ports({0b011, 0b011, 0b111}), 1);
    EXPECT_EQ(measure::cycles_by_ports({0b011, 0b011, 0b011, 0b111}), 1.5);
    EXPECT_EQ(measure::cycles_by_ports({0b100, 0b100, 0b111}), 2);
}

TEST(Results, AreReadLineByLine) {
    Results results;
    measure::read_results("a.b 1.500\nc -\n", "a-cpu", results);
    EXPECT_EQ(results.at("a.b"), 1.5);
    EXPECT_EQ(results.at("c"), std::nullopt);
    EXPECT_EQ(results.size(), 2U);
}

TEST(Results, WhatIsNoResultIsAnErrorThatSaysSo) {
    for (const char* const line : {"a\n", "a 1.5x\n", "a \n", "assertion failed\n", "\n"}) {
        Results results;
        try {
            measure::read_results(line, "a-cpu", results);
            FAIL() << line;
        } catch (const LabError& error) {
            EXPECT_THAT(error.what(), HasSubstr("a-cpu: the guest printed"));
        }
    }
}

Finding finding(double expected, std::optional<double> measured) {
    return {.measurement = &measure::measurements().front(),
            .expected = expected,
            .measured = measured,
            .recovers = {}};
}

TEST(Findings, DifferencesAreOfWhatThePresetSays) {
    EXPECT_EQ(finding(200, 210).difference(), 5);
    EXPECT_EQ(finding(200, 150).difference(), -25);
    EXPECT_EQ(finding(0, 0).difference(), 0);
    EXPECT_TRUE(std::isinf(*finding(0, 1).difference()));
    EXPECT_EQ(finding(1, std::nullopt).difference(), std::nullopt);
}

TEST(Findings, TheWorstOfAllIsTheVerdict) {
    constexpr double tolerance = 5;
    EXPECT_EQ(judge(finding(100, 105), tolerance), Verdict::Within);
    EXPECT_EQ(judge(finding(100, 94), tolerance), Verdict::Off);
    EXPECT_EQ(judge(finding(100, std::nullopt), tolerance), Verdict::Unknown);
    measure::CpuFindings cpu{.cpu = "a", .findings = {finding(1, 1)}};
    EXPECT_EQ(measure::judge({cpu}, tolerance), Verdict::Within);
    cpu.findings.push_back(finding(1, std::nullopt));
    EXPECT_EQ(measure::judge({cpu}, tolerance), Verdict::Unknown);
    cpu.findings.push_back(finding(1, 2));
    EXPECT_EQ(measure::judge({cpu}, tolerance), Verdict::Off);
}

TEST(Findings, AResultThatIsMissingIsUnknown) {
    const CpuModel cpu = preset("zen2");
    Results results = as_expected(cpu);
    results.erase("core.scheduler");
    results["core.load_queue"] = std::nullopt;
    const auto found = measure::find(cpu, results, all_measurements());
    for (const Finding& one : found.findings) {
        const bool missing =
            one.measurement->name == "core.scheduler" || one.measurement->name == "core.load_queue";
        EXPECT_EQ(judge(one, 5), missing ? Verdict::Unknown : Verdict::Within)
            << one.measurement->name;
    }
}

TEST(MeasureReport, ShowsWhatIsOffAndWhatCouldNotBeTold) {
    const CpuModel cpu = preset("skylake-sp");
    Results results = as_expected(cpu);
    results["core.scheduler"] = 60;
    results["core.load_queue"] = std::nullopt;
    results["other.lfence"] = 1.5;
    const std::vector found{measure::find(
        cpu, results, {&measurement("core.scheduler"), &measurement("core.load_queue")})};
    const std::string table = report::measure_table(found, 5);
    EXPECT_THAT(table, ContainsRegex("-38.1% +off"));
    EXPECT_THAT(table, HasSubstr("unknown"));
    EXPECT_THAT(table, HasSubstr("0 of 2 within 5%"));
    EXPECT_THAT(table, HasSubstr("core.decode_width"));
    const auto document = nlohmann::json::parse(report::measure_json(found, 5, {"rob=3"}));
    EXPECT_EQ(document["schema"], "ringfence.measure/1");
    EXPECT_EQ(document["what_if"][0], "rob=3");
    const auto& rows = document["cpus"][0]["measurements"];
    EXPECT_EQ(rows[0]["preset"], 97);
    EXPECT_EQ(rows[0]["measured"], 60);
    EXPECT_EQ(rows[0]["verdict"], "off");
    EXPECT_EQ(rows[0]["figures"], nlohmann::json::array({"core.scheduler"}));
    EXPECT_TRUE(rows[1]["measured"].is_null());
    EXPECT_EQ(rows[1]["verdict"], "unknown");
    EXPECT_EQ(document["cpus"][0]["others"][0]["cycles"], 1.5);
}

}  // namespace
}  // namespace ringfence::lab
