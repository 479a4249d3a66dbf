// SPDX-License-Identifier: MIT
// Every figure of a preset reaches the field of the model that it is meant for, and no other.
#include "sim/presets/timing_parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "sim/presets/figure_rules.h"
#include "sim/presets/preset_file.h"

namespace ringfence::sim::presets {
namespace {

using timing::Cycle;
using timing::Parameters;
using Fields = std::map<std::string, u64>;

CpuModel preset(std::string_view name) {
    auto model = find_preset(name);
    EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error());
    return std::move(model).value();
}

void add(Fields& fields, const std::string& name, const timing::CacheParameters& cache) {
    fields[name + ".sets"] = cache.sets;
    fields[name + ".ways"] = cache.ways;
    fields[name + ".latency"] = cache.latency;
}

void add(Fields& fields, const std::string& name, const timing::TlbParameters& tlb) {
    fields[name + ".sets"] = tlb.sets;
    fields[name + ".ways"] = tlb.ways;
}

void add_core(Fields& fields, const timing::CoreParameters& core) {
    fields["fetch_bytes"] = core.fetch_bytes;
    fields["decode_width"] = core.decode_width;
    fields["dispatch_width"] = core.dispatch_width;
    fields["retire_width"] = core.retire_width;
    fields["reorder_buffer"] = core.reorder_buffer;
    fields["scheduler"] = core.scheduler;
    fields["load_queue"] = core.load_queue;
    fields["store_queue"] = core.store_queue;
    fields["mispredict_penalty"] = core.mispredict_penalty;
    fields["store_forward_latency"] = core.store_forward_latency;
    fields["load_ports"] = core.load_ports;
    fields["store_address_ports"] = core.store_address_ports;
    fields["store_data_ports"] = core.store_data_ports;
    fields["branch_history_bits"] = core.branch_history_bits;
    fields["branch_counters"] = core.branch_counters;
    fields["branch_target_entries"] = core.branch_target_entries;
    fields["branch_target_ways"] = core.branch_target_ways;
    fields["return_stack"] = core.return_stack;
    fields["indirect_entries"] = core.indirect_entries;
    fields["exception_start"] = core.exception_start;
    for (unsigned i = 1; i < timing::execution_class_count; ++i) {
        const std::string name = "execution" + std::to_string(i);
        fields[name + ".ports"] = core.execution[i].ports;
        fields[name + ".latency"] = core.execution[i].latency;
        fields[name + ".occupancy"] = core.execution[i].occupancy;
        fields[name + ".micro_operations"] = core.execution[i].micro_operations;
    }
}

void add_memory(Fields& fields, const Parameters& parameters) {
    const auto& hierarchy = parameters.hierarchy;
    add(fields, "l1i", hierarchy.l1i);
    add(fields, "l1d", hierarchy.l1d);
    add(fields, "l2", hierarchy.l2);
    add(fields, "llc", hierarchy.llc);
    fields["llc_inclusive"] = hierarchy.llc_inclusive ? 1 : 0;
    fields["memory_latency"] = hierarchy.memory_latency;
    fields["memory_gap"] = hierarchy.memory_gap;
    fields["fill_buffers"] = hierarchy.fill_buffers;
    fields["l2_fill_buffers"] = hierarchy.l2_fill_buffers;
    fields["stride_prefetcher"] = hierarchy.stride_prefetcher ? 1 : 0;
    fields["streamer"] = hierarchy.streamer ? 1 : 0;
    fields["adjacent_line"] = hierarchy.adjacent_line ? 1 : 0;
    fields["next_line_instructions"] = hierarchy.next_line_instructions ? 1 : 0;
    const auto& translation = parameters.translation;
    add(fields, "itlb_4k", translation.itlb_4k);
    add(fields, "itlb_2m", translation.itlb_2m);
    add(fields, "dtlb_4k", translation.dtlb_4k);
    add(fields, "dtlb_2m", translation.dtlb_2m);
    add(fields, "dtlb_1g", translation.dtlb_1g);
    add(fields, "stlb_4k", translation.stlb_4k);
    add(fields, "stlb_2m", translation.stlb_2m);
    add(fields, "stlb_1g", translation.stlb_1g);
    add(fields, "pde", translation.pde);
    add(fields, "pdpte", translation.pdpte);
    add(fields, "pml4", translation.pml4);
    fields["stlb_hit_extra"] = translation.stlb_hit_extra;
    fields["walkers"] = translation.walkers;
    fields["faulting_access_fills"] = translation.faulting_access_fills ? 1 : 0;
}

/// Every field that figures decide, by name.
Fields fields_of(const Parameters& parameters) {
    Fields fields;
    fields["clock_hz"] = parameters.clock_hz;
    add_core(fields, parameters.core);
    add_memory(fields, parameters);
    fields["supervisor_page"] = static_cast<u64>(parameters.transience.supervisor_page);
    fields["terminal_fault"] = parameters.transience.terminal_fault ? 1 : 0;
    fields["system_registers"] = parameters.transience.system_registers ? 1 : 0;
    for (unsigned event = 1; event < timing::event_count; ++event) {
        fields["event" + std::to_string(event)] = parameters.event_cycles[event];
    }
    return fields;
}

/// Another value that the rule allows; sizes stay multiples of what they were.
double other_value(const FigureRule& rule, double value) {
    for (const double candidate : {value * 2, value / 2, value + 1, value - 1, 1 - value}) {
        if (candidate != value && rule.allows(candidate)) {
            return candidate;
        }
    }
    ADD_FAILURE() << rule.path << " has no other value";
    return value;
}

/// The fields that change with a figure.
std::set<std::string> changed_by(const CpuModel& cpu, const FigureRule& rule) {
    Figures figures = cpu.figures();
    Figure& figure = figures.values.at(rule.path);
    figure.value = other_value(rule, figure.value);
    const Fields before = fields_of(timing_parameters(cpu));
    const Fields after = fields_of(timing_parameters(cpu.with(std::move(figures))));
    std::set<std::string> changed;
    for (const auto& [name, value] : before) {
        if (after.at(name) != value) {
            changed.insert(name);
        }
    }
    return changed;
}

/// How many fields a figure may change: sets follow from size and ways, cycles from the clock.
bool is_plausible(const FigureRule& rule, const std::set<std::string>& changed) {
    if (rule.path == "identity.clock_hz") {
        return changed == std::set<std::string>{"clock_hz", "memory_gap", "memory_latency"};
    }
    const bool geometry = rule.path.ends_with(".ways") && rule.path != "predictor.target_ways";
    return changed.size() == 1 || (geometry && changed.size() == 2);
}

/// The costs that a CPU without transactions has not.
bool is_of_transactions(const std::string& field) {
    using timing::Event;
    return std::ranges::any_of(
        std::array{Event::TransactionBegin, Event::TransactionEnd, Event::TransactionAbort},
        [&](Event event) {
            return field == "event" + std::to_string(static_cast<unsigned>(event));
        });
}

class EachPreset : public ::testing::TestWithParam<std::string_view> {};

TEST_P(EachPreset, EveryFigureChangesItsFieldAndEveryFieldHasItsFigure) {
    const CpuModel cpu = preset(GetParam());
    std::map<std::string, std::set<std::string>> figures_of_field;
    for (const FigureRule& rule : figure_rules()) {
        if (!cpu.figures().has(rule.path)) {
            continue;
        }
        const auto changed = changed_by(cpu, rule);
        EXPECT_TRUE(is_plausible(rule, changed))
            << rule.path << " changes " << ::testing::PrintToString(changed);
        for (const std::string& field : changed) {
            figures_of_field[field].insert(rule.path);
        }
    }
    for (const auto& [field, value] : fields_of(timing_parameters(cpu))) {
        const bool optional = field.contains("tlb_") || is_of_transactions(field);
        EXPECT_TRUE((optional && value == 0) || figures_of_field.contains(field)) << field;
    }
    for (const auto& [field, figures] : figures_of_field) {
        const bool derived =
            field.ends_with(".sets") || field.ends_with(".ways") || field.starts_with("memory_");
        EXPECT_TRUE(derived || figures.size() == 1)
            << field << " depends on " << ::testing::PrintToString(figures);
    }
}

INSTANTIATE_TEST_SUITE_P(BuiltIn, EachPreset, ::testing::ValuesIn(preset_names()),
                         [](const auto& info) {
                             std::string name{info.param};
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(TimingParameters, FieldsAreNotMistakenForOneAnother) {
    const CpuModel cpu = preset("skylake-sp");
    const Figures& figures = cpu.figures();
    const Parameters parameters = timing_parameters(cpu);
    const auto cycles = [&](const char* path) { return static_cast<Cycle>(figures.at(path)); };
    const auto cost = [&](timing::Event event) { return parameters.cost_of(event); };
    EXPECT_EQ(cost(timing::Event::RootWrite), cycles("privileged.cr3_write"));
    EXPECT_EQ(cost(timing::Event::Syscall), cycles("privileged.syscall"));
    EXPECT_EQ(cost(timing::Event::Swapgs), cycles("privileged.swapgs"));
    EXPECT_EQ(cost(timing::Event::PageFault), cycles("privileged.page_fault"));
    EXPECT_EQ(cost(timing::Event::InvpcidAll), cycles("privileged.invpcid_all"));
    EXPECT_EQ(cost(timing::Event::OtherSystem), cycles("privileged.other_system"));
    EXPECT_EQ(cost(timing::Event::None), 0U);
    const auto execution = [&](timing::ExecutionClass kind) {
        return parameters.core.execution[static_cast<unsigned>(kind)];
    };
    using timing::ExecutionClass;
    EXPECT_EQ(execution(ExecutionClass::Integer).latency, cycles("execution.integer.latency"));
    EXPECT_EQ(execution(ExecutionClass::Divide64).latency, cycles("execution.divide64.latency"));
    EXPECT_EQ(execution(ExecutionClass::Aes).latency, cycles("execution.aes.latency"));
    EXPECT_EQ(execution(ExecutionClass::Microcode).latency, cycles("execution.microcode.latency"));
    EXPECT_EQ(execution(ExecutionClass::Nop).ports, 0U);
    EXPECT_EQ(execution(ExecutionClass::Integer).ports, 0b110'0011U) << "p0156";
}

TEST(TimingParameters, SizesBecomeSetsAndNanosecondsCycles) {
    const CpuModel cpu = preset("skylake-sp");
    const Parameters parameters = timing_parameters(cpu);
    const Figures& figures = cpu.figures();
    EXPECT_EQ(parameters.hierarchy.l2.sets * parameters.hierarchy.l2.ways * 64,
              figures.at("cache.l2.kib") * 1024);
    EXPECT_EQ(parameters.hierarchy.llc.sets * parameters.hierarchy.llc.ways * 64,
              figures.at("cache.llc.kib") * 1024);
    const double ghz = figures.at("identity.clock_hz") / 1e9;
    EXPECT_NEAR(static_cast<double>(parameters.hierarchy.memory_latency),
                figures.at("memory.latency_ns") * ghz, 0.5);
    EXPECT_EQ(parameters.translation.itlb_2m.sets, 1U) << "0 ways: fully associative";
    EXPECT_EQ(parameters.translation.itlb_2m.ways, figures.at("tlb.itlb_2m.entries"));
}

TEST(TimingParameters, SecondLevelTlbsAreSharedWhereTheFileSaysSo) {
    const auto skylake = timing_parameters(preset("skylake-sp")).translation;
    EXPECT_TRUE(skylake.stlb_shared);
    EXPECT_EQ(skylake.stlb_4k.sets * skylake.stlb_4k.ways, 1536U);
    EXPECT_EQ(skylake.stlb_2m.sets, 0U);
    const auto nehalem = timing_parameters(preset("nehalem")).translation;
    EXPECT_FALSE(nehalem.stlb_shared);
    EXPECT_EQ(nehalem.stlb_4k.sets * nehalem.stlb_4k.ways, 512U);
    EXPECT_EQ(nehalem.stlb_1g.sets, 0U);
}

}  // namespace
}  // namespace ringfence::sim::presets
