// SPDX-License-Identifier: MIT
// The classes of execution.
#include <array>
#include <string_view>

#include "arch/x86/cpuid.h"
#include "lab/measure/expectation_rows.h"
#include "lab/measure/preset_view.h"
#include "sim/presets/figure_rules.h"

namespace ringfence::lab::measure {

namespace {

using sim::presets::CpuModel;

/// What the guest repeats of a class (guest/measurements/snippets.S, many.NAME).
struct Sample {
    std::string_view name;
    double bytes = 0;         ///< of one instruction with what goes along
    double instructions = 1;  ///< with those
};

constexpr std::array samples{
    Sample{"integer", 4},
    Sample{"lea", 4},
    Sample{"shift", 3},
    Sample{"multiply", 4},
    Sample{"divide32", 9, 3},
    Sample{"divide64", 10, 3},
    Sample{"bit_scan", 5},
    Sample{"branch", 2},
    Sample{"vector_integer", 5},
    Sample{"vector_shuffle", 6},
    Sample{"vector_multiply", 5},
    Sample{"float_add", 5},
    Sample{"float_multiply", 5},
    Sample{"float_divide32", 5},
    Sample{"float_divide64", 5},
    Sample{"float_square_root", 5},
    Sample{"convert", 4},
    Sample{"transfer", 5},
    Sample{"aes", 6},
    Sample{"microcode", 11, 3},
};

/// "execution.NAME", of a measurement "execution.NAME.LAST".
std::string class_path(const std::string& name) {
    return name.substr(0, name.rfind('.'));
}

bool can_run(const CpuModel& cpu, const std::string& name) {
    return class_path(name) != "execution.aes" || cpu.has(arch::x86::cpuid_feature::aes);
}

Expectation if_it_runs(const CpuModel& cpu, const std::string& name) {
    return can_run(cpu, name) ? as_it_is(cpu, name) : Expectation{};
}

/// Of a chain, whose next link waits for the unit too.
Expectation latency(const CpuModel& cpu, const std::string& name) {
    const PresetView view(cpu);
    const std::string path = class_path(name);
    const double unit = view.at(path + ".occupancy") / view.port_count(path + ".ports");
    return view.at(name) >= unit ? if_it_runs(cpu, name)
                                 : Expectation{unit, {path + ".occupancy", path + ".ports"}};
}

/// The slots of several fit into the reorder buffer.
Expectation micro_operations(const CpuModel& cpu, const std::string& name) {
    const PresetView view(cpu);
    constexpr double others = 4;
    return view.at(name) + others < view.at("core.reorder_buffer") ? if_it_runs(cpu, name)
                                                                   : Expectation{};
}

/// Cycles of each where none waits for another: the units, unless the core around is narrower.
Expectation cycles_each(const CpuModel& cpu, const std::string& name) {
    if (!can_run(cpu, name)) {
        return {};
    }
    const PresetView view(cpu);
    const std::string path = class_path(name);
    const std::string_view short_name =
        std::string_view(name).substr(path.rfind('.') + 1, path.size() - path.rfind('.') - 1);
    const auto* const sample = std::ranges::find(samples, short_name, &Sample::name);
    const double units = view.at(path + ".occupancy") / view.port_count(path + ".ports");
    const double slots = view.at(path + ".micro_operations") + sample->instructions - 1;
    const double core =
        std::max({slots / view.width(), sample->instructions / view.at("core.decode_width"),
                  sample->bytes / view.at("core.fetch_bytes")});
    return units >= core ? Expectation{units, {path + ".ports", path + ".occupancy"}}
                         : Expectation{core, {}};
}

}  // namespace

void add_execution(std::vector<Measurement>& rows) {
    for (const std::string_view name : sim::presets::execution_names()) {
        const std::string path = "execution." + std::string{name};
        rows.push_back({path + ".latency", "cycles", Guest::Program, latency});
        if (std::ranges::find(samples, name, &Sample::name) != samples.end()) {
            rows.push_back({path + ".cycles", "cycles each", Guest::Program, cycles_each});
        }
        rows.push_back({path + ".micro_operations", "micro-ops", Guest::Program, micro_operations});
    }
}

}  // namespace ringfence::lab::measure
