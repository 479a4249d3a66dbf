// SPDX-License-Identifier: MIT
// The core: widths, queues, branches, accesses.
#include "lab/measure/expectation_rows.h"
#include "lab/measure/port_bound.h"
#include "lab/measure/preset_view.h"

namespace ringfence::lab::measure {

namespace {

using sim::presets::CpuModel;

/// Of the paths, those whose figures are as small as the smallest.
std::vector<std::string> smallest(const PresetView& view, std::vector<std::string> paths) {
    double least = view.at(paths.front());
    for (const std::string& path : paths) {
        least = std::min(least, view.at(path));
    }
    std::erase_if(paths, [&](const std::string& path) { return view.at(path) > least; });
    return paths;
}

/// The guest runs NOPs of 15 bytes: where so few fill the widths, they hide it.
Expectation fetch_bytes(const CpuModel& cpu, const std::string& path) {
    constexpr double longest = 15;
    const PresetView view(cpu);
    const double others = std::min(view.width(), view.at("core.decode_width")) * longest;
    return view.at(path) <= others ? Expectation{view.at(path), {path}} : Expectation{};
}

Expectation instructions_per_cycle(const CpuModel& cpu, const std::string& /*name*/) {
    const PresetView view(cpu);
    const auto limits = smallest(view, {"core.decode_width", "core.dispatch_width",
                                        "core.retire_width", "core.fetch_bytes"});
    return {view.at(limits.front()), limits};
}

/// NOPs, or CMPXCHG with two more instructions: eleven bytes.
Expectation micro_operations_per_cycle(const CpuModel& cpu, const std::string& /*name*/) {
    constexpr double instructions = 3;
    constexpr double bytes = 11;
    const PresetView view(cpu);
    const double slots = view.at("execution.microcode.micro_operations") + 2;
    const double cycles = std::max(
        {slots / view.width(), instructions / view.at("core.decode_width"),
         bytes / view.at("core.fetch_bytes"), 1 / view.port_count("execution.microcode.ports")});
    const double best = std::max(slots / cycles, *instructions_per_cycle(cpu, {}).value);
    if (best < view.width()) {
        return {best, {}};
    }
    return {best, smallest(view, {"core.dispatch_width", "core.retire_width"})};
}

/// A queue of which no more than so many entries are filled before the older miss is over.
Expectation queue(const CpuModel& cpu, const std::string& path) {
    const PresetView view(cpu);
    const double filled = view.width() * view.cycles_of_ns("memory.latency_ns");
    const bool others_first =
        path != "core.reorder_buffer" && view.at(path) >= view.at("core.reorder_buffer");
    return view.at(path) < filled && !others_first ? Expectation{view.at(path), {path}}
                                                   : Expectation{};
}

Expectation indirect_mispredict(const CpuModel& cpu, const std::string& /*name*/) {
    return {PresetView(cpu).at("core.mispredict_penalty"), {"core.mispredict_penalty"}};
}

Expectation loads_per_cycle(const CpuModel& cpu, const std::string& /*name*/) {
    constexpr double bytes = 3;
    const PresetView view(cpu);
    const double others =
        std::min({view.width(), view.at("core.decode_width"), view.at("core.fetch_bytes") / bytes});
    const double ports = view.port_count("core.load_ports");
    return ports <= others ? Expectation{ports, {"core.load_ports"}} : Expectation{others, {}};
}

/// In a burst that is in the queues when it begins.
Expectation stores_per_cycle(const CpuModel& cpu, const std::string& /*name*/) {
    const PresetView view(cpu);
    const double data = view.port_count("core.store_data_ports");
    const double addresses = view.port_count("core.store_address_ports");
    return data <= addresses ? Expectation{data, {"core.store_data_ports"}}
                             : Expectation{addresses, {"core.store_address_ports"}};
}

/// The best of the guest's mixtures.
Expectation accesses_per_cycle(const CpuModel& cpu, const std::string& /*name*/) {
    struct Mixture {
        unsigned loads;
        unsigned stores;
    };
    constexpr Mixture mixtures[] = {{1, 1}, {2, 1}, {2, 2}};
    const PresetView view(cpu);
    double best = 0;
    for (const Mixture& mixture : mixtures) {
        std::vector<unsigned> operations(mixture.loads, view.ports("core.load_ports"));
        operations.insert(operations.end(), mixture.stores, view.ports("core.store_address_ports"));
        operations.insert(operations.end(), mixture.stores, view.ports("core.store_data_ports"));
        best = std::max(best, (mixture.loads + mixture.stores) / cycles_by_ports(operations));
    }
    return {best, {"core.store_address_ports", "core.store_data_ports"}};
}

/// A longer history than an index of the counters is folded, and what it tells apart depends on
/// how.
Expectation history_bits(const CpuModel& cpu, const std::string& path) {
    const PresetView view(cpu);
    return view.at(path) <= std::log2(view.at("predictor.counters"))
               ? Expectation{view.at(path), {path}}
               : Expectation{};
}

/// Jumps of which more would not fit into an instruction cache. The hash that spreads them is known
/// to be even where the sets are a power of two.
Expectation target_entries(const CpuModel& cpu, const std::string& path) {
    constexpr double most = 7800;
    const PresetView view(cpu);
    const double sets = view.at(path) / view.at("predictor.target_ways");
    return view.at(path) < most && std::has_single_bit(static_cast<u64>(sets))
               ? Expectation{view.at(path), {path}}
               : Expectation{};
}

}  // namespace

void add_core(std::vector<Measurement>& rows) {
    const auto add = [&rows](std::string name, std::string unit, auto expect) {
        rows.push_back({std::move(name), std::move(unit), Guest::Program, expect});
    };
    add("core.fetch_bytes", "bytes/cycle", fetch_bytes);
    add("core.instructions_per_cycle", "per cycle", instructions_per_cycle);
    add("core.micro_operations_per_cycle", "per cycle", micro_operations_per_cycle);
    add("core.reorder_buffer", "micro-ops", queue);
    add("core.scheduler", "micro-ops", queue);
    add("core.load_queue", "loads", queue);
    add("core.store_queue", "stores", queue);
    add("core.mispredict_penalty", "cycles", as_it_is);
    add("core.indirect_mispredict_penalty", "cycles", indirect_mispredict);
    add("core.store_forward_latency", "cycles", as_it_is);
    add("core.loads_per_cycle", "per cycle", loads_per_cycle);
    add("core.stores_per_cycle", "per cycle", stores_per_cycle);
    add("core.accesses_per_cycle", "per cycle", accesses_per_cycle);
    add("predictor.history_bits", "branches", history_bits);
    add("predictor.target_entries", "entries", target_entries);
    add("predictor.return_stack", "entries", as_it_is);
    rows.push_back({"core.exception_start", "cycles", Guest::Supervisor, as_it_is});
}

}  // namespace ringfence::lab::measure
