// SPDX-License-Identifier: MIT
// From two runs to the cost of one operation, and where probes found the kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lab/attack/probe_run.h"
#include "lab/bench/measurement.h"
#include "lab/error.h"
#include "lab/report/bench_report.h"

namespace ringfence::lab {
namespace {

using bench::Benchmark;
using bench::Measurement;
using sim::observe::Cause;
using sim::observe::CostStack;
using sim::observe::Counters;
using sim::observe::EntryKind;
using sim::observe::Place;
using ::testing::HasSubstr;

constexpr Benchmark operation{.name = "op", .meaning = "an operation", .count = 10};
constexpr Benchmark two_at_once{.name = "two", .meaning = "two", .count = 10, .per_count = 2};
constexpr Benchmark interrupt{
    .name = "irq", .meaning = "an interrupt", .count = 10, .interrupts = true};

CapturedRun guest_run(u64 user, u64 kernel, u64 interrupts, bool timed) {
    CapturedRun run;
    run.outcome.end = machine::MachineEnd::Finished;
    run.report.exit = abi::control::ExitStatus{};
    Counters counters;
    counters.instructions_at(Place::User) = user;
    counters.instructions_at(Place::Kernel) = kernel;
    counters.entries[static_cast<usize>(EntryKind::Interrupt)] = interrupts;
    run.outcome.counters = counters;
    if (timed) {
        CostStack stack;
        stack.at(Place::User, Cause::Base) = 2 * user;
        stack.at(Place::Kernel, Cause::RootWrite) = 3 * kernel;
        run.outcome.stack = stack;
        run.outcome.cycles = stack.total();
    }
    return run;
}

Measurement measure(const Benchmark& benchmark, const CapturedRun& once, const CapturedRun& twice,
                    Design design = Design::Shared) {
    Measurement measurement{};
    measurement.setup = {"a-cpu", design, true, design_name(design)};
    measurement.benchmark = &benchmark;
    bench::take_results(measurement, once, twice);
    return measurement;
}

TEST(Bench, StartUpCancelsOut) {
    const Measurement result =
        measure(operation, guest_run(1000, 150, 0, false), guest_run(1020, 250, 0, false));
    EXPECT_DOUBLE_EQ(result.instructions, 12.0) << "(20 + 100) / 10";
    EXPECT_FALSE(result.cycles.has_value());
    EXPECT_DOUBLE_EQ(
        measure(two_at_once, guest_run(1000, 150, 0, false), guest_run(1020, 250, 0, false))
            .instructions,
        6.0);
}

TEST(Bench, CyclesAreTheStacksDifference) {
    const Measurement result =
        measure(operation, guest_run(1000, 150, 0, true), guest_run(1020, 250, 0, true));
    EXPECT_DOUBLE_EQ(result.cycles.value(), 34.0) << "(2 * 20 + 3 * 100) / 10";
    EXPECT_EQ(result.stack->at(Place::Kernel, Cause::RootWrite), 300U);
}

TEST(Bench, ACauseThatShrinksIsCountedAsLess) {
    CapturedRun once = guest_run(1000, 150, 0, true);
    once.outcome.stack->at(Place::Kernel, Cause::DataCache) = 50;
    const Measurement result = measure(operation, once, guest_run(1020, 250, 0, true));
    EXPECT_DOUBLE_EQ(result.cycles.value(), 29.0) << "34 - 50 / 10";
    const auto document = nlohmann::json::parse(report::bench_json({.kernel = {}}, {result}));
    EXPECT_DOUBLE_EQ(document["runs"][0]["stack"]["cache"].get<double>(), -5.0);
}

TEST(Bench, InterruptsAreDividedByTheirOwnCountAndNotByUserMode) {
    const Measurement result =
        measure(interrupt, guest_run(1000, 100, 2, true), guest_run(9000, 400, 5, true));
    EXPECT_DOUBLE_EQ(result.instructions, 100.0) << "300 in 3 interrupts";
    EXPECT_DOUBLE_EQ(result.cycles.value(), 300.0);
}

TEST(Bench, WhatCannotBeIsAnError) {
    const CapturedRun run = guest_run(1000, 150, 0, false);
    EXPECT_THROW(measure(operation, run, run), LabError) << "no more work";
    EXPECT_THROW(measure(interrupt, guest_run(1000, 150, 1, false), guest_run(1000, 160, 1, false)),
                 LabError)
        << "no interrupt";
    CapturedRun failed = guest_run(2000, 150, 0, false);
    failed.report.exit->code = 1;
    EXPECT_THROW(measure(operation, run, failed), LabError);
}

TEST(BenchTable, ShowsWhatEachDesignCostsMore) {
    const std::string table = report::bench_table(
        {measure(operation, guest_run(0, 0, 0, false), guest_run(0, 100, 0, false)),
         measure(operation, guest_run(0, 0, 0, false), guest_run(0, 150, 0, false),
                 Design::Isolated)});
    EXPECT_THAT(table, HasSubstr("a-cpu, instructions per operation"));
    EXPECT_THAT(table, HasSubstr("10.0"));
    EXPECT_THAT(table, HasSubstr("15.0"));
    EXPECT_THAT(table, HasSubstr("+5.0"));
}

using attack::KernelLayout;
using attack::locate;
using attack::Location;
using attack::ProbeOutput;

const KernelLayout layout{.image = {0x1000, 0x3000}, .entry = {0x8000, 0x9000}};

TEST(Probe, TellsTheImageFromTheEntryCode) {
    const auto found = [](const std::vector<u64>& addresses) {
        return locate({.mapped = 10, .unmapped = 50, .found = addresses}, layout);
    };
    EXPECT_EQ(found({}), Location::Nothing);
    EXPECT_EQ(found({0x8000}), Location::Entry);
    EXPECT_EQ(found({0x2000}), Location::Image);
    EXPECT_EQ(found({0x2000, 0x8000}), Location::Image);
    EXPECT_EQ(found({0x3000}), Location::Wrong) << "just behind the image";
    EXPECT_EQ(found({0x1000, 0x5000}), Location::Wrong);
    EXPECT_EQ(locate({.mapped = 50, .unmapped = 50, .found = {0x1000}}, layout), Location::Broken);
}

TEST(Probe, ItsOutputIsCheckedLineByLine) {
    const auto good = attack::parse_probe_output("control 10 50\nfound ffff8000 11\n");
    ASSERT_TRUE(good.ok());
    EXPECT_EQ(good.value().found, std::vector<u64>{0xffff8000});
    EXPECT_FALSE(attack::parse_probe_output("found ffff8000 11\n").ok()) << "no control";
    EXPECT_FALSE(attack::parse_probe_output("control 10 50").ok()) << "cut off";
    EXPECT_FALSE(attack::parse_probe_output("control 10 50 3\n").ok());
    EXPECT_FALSE(attack::parse_probe_output("control 10 50\nlost 5 5\n").ok());
    EXPECT_FALSE(attack::parse_probe_output("control 1 2\nfound 9 1\nfound 8 1\n").ok());
}

TEST(Probe, SaysSomethingOfIsolation) {
    EXPECT_EQ(answer_of(Location::Nothing), Answer::Holds);
    EXPECT_EQ(answer_of(Location::Entry), Answer::Holds);
    EXPECT_EQ(answer_of(Location::Image), Answer::DoesNotHold);
    EXPECT_EQ(answer_of(Location::Wrong), Answer::CannotBeTold);
    EXPECT_EQ(answer_of(Location::Broken), Answer::CannotBeTold);
}

}  // namespace
}  // namespace ringfence::lab
