// SPDX-License-Identifier: MIT
// TLBs, page walks, paging-structure caches.
#include "lab/measure/expectation_rows.h"
#include "lab/measure/preset_view.h"

namespace ringfence::lab::measure {

namespace {

using sim::presets::CpuModel;

/// The preset's table of a TLB that the guests call `name` ("tlb.stlb.2m"); empty if it has none.
std::string table_of(const PresetView& view, const std::string& name) {
    const std::string level = name.substr(0, name.rfind('.'));
    const std::string pages = name.substr(name.rfind('.') + 1);
    const bool shared = level == "tlb.stlb" && pages != "1g" && view.has("tlb.stlb_4k2m.entries");
    std::string table = shared ? "tlb.stlb_4k2m" : level + "_" + pages;
    return view.has(table + ".entries") ? table : std::string{};
}

/// The TLB's name without ".entries" or the like.
std::string tlb_of(const std::string& name) {
    return name.substr(0, name.rfind('.'));
}

Expectation tlb_entries(const CpuModel& cpu, const std::string& name) {
    const PresetView view(cpu);
    const std::string table = table_of(view, tlb_of(name));
    if (table.empty()) {
        return {};
    }
    const std::string path = table + ".entries";
    return {view.at(path), {path}};
}

Expectation tlb_ways(const CpuModel& cpu, const std::string& name) {
    const PresetView view(cpu);
    const std::string table = table_of(view, tlb_of(name));
    if (table.empty()) {
        return {};
    }
    const std::string path = table + ".ways";
    const double entries = view.at(table + ".entries");
    const double ways = view.at(path) == 0 ? entries : view.at(path);
    // Pages that share a set are found where the sets are a power of two.
    return std::has_single_bit(static_cast<u64>(entries / ways)) ? Expectation{ways, {path}}
                                                                 : Expectation{};
}

bool has_second_level(const PresetView& view) {
    return view.has("tlb.stlb_4k.entries") || view.has("tlb.stlb_4k2m.entries");
}

/// A program's pages of code lie anywhere: with so few ways their lines push each other out.
Expectation program_itlb(const CpuModel& cpu, const std::string& name,
                         Expectation (*expect)(const CpuModel&, const std::string&)) {
    constexpr double enough_ways = 4;
    return PresetView(cpu).at("cache.l1i.ways") >= enough_ways ? expect(cpu, name) : Expectation{};
}

Expectation second_level_hit(const CpuModel& cpu, const std::string& /*name*/) {
    const PresetView view(cpu);
    return has_second_level(view)
               ? Expectation{view.at("translation.stlb_hit_extra"), {"translation.stlb_hit_extra"}}
               : Expectation{};
}

Expectation itlb_entries(const CpuModel& cpu, const std::string& name) {
    return program_itlb(cpu, name, tlb_entries);
}
Expectation itlb_ways(const CpuModel& cpu, const std::string& name) {
    return program_itlb(cpu, name, tlb_ways);
}
Expectation itlb_miss(const CpuModel& cpu, const std::string& name) {
    return program_itlb(cpu, name, second_level_hit);
}

/// The second level is looked up in vain, then one entry is read.
Expectation walk(const CpuModel& cpu, const std::string& /*name*/) {
    const PresetView view(cpu);
    return has_second_level(view)
               ? Expectation{view.at("translation.stlb_hit_extra") + view.at("cache.l1d.latency"),
                             {}}
               : Expectation{};
}

/// Each walk reads one entry; the ports may be what limits the loads.
Expectation walkers(const CpuModel& cpu, const std::string& path) {
    const PresetView view(cpu);
    const double most = view.port_count("core.load_ports") * view.at("cache.l1d.latency");
    return has_second_level(view) && view.at(path) <= most ? as_it_is(cpu, path) : Expectation{};
}

Expectation structures(const CpuModel& cpu, const std::string& path) {
    return has_second_level(PresetView(cpu)) ? as_it_is(cpu, path) : Expectation{};
}

}  // namespace

void add_translation(std::vector<Measurement>& rows) {
    const auto add_tlb = [&rows](const std::string& name, Guest guest) {
        rows.push_back({name + ".entries", "entries", guest, tlb_entries});
        rows.push_back({name + ".ways", "ways", guest, tlb_ways});
    };
    rows.push_back({"tlb.itlb.4k.entries", "entries", Guest::Program, itlb_entries});
    rows.push_back({"tlb.itlb.4k.ways", "ways", Guest::Program, itlb_ways});
    rows.push_back({"tlb.itlb.4k.miss", "cycles", Guest::Program, itlb_miss});
    add_tlb("tlb.itlb.2m", Guest::Supervisor);
    add_tlb("tlb.dtlb.4k", Guest::Program);
    rows.push_back({"tlb.dtlb.4k.miss", "cycles", Guest::Program, second_level_hit});
    for (const char* const name :
         {"tlb.dtlb.2m", "tlb.dtlb.1g", "tlb.stlb.4k", "tlb.stlb.2m", "tlb.stlb.1g"}) {
        add_tlb(name, Guest::Supervisor);
    }
    const auto add = [&rows](std::string name, std::string unit, auto expect) {
        rows.push_back({std::move(name), std::move(unit), Guest::Supervisor, expect});
    };
    add("translation.stlb_hit_extra", "cycles", second_level_hit);
    add("translation.walk", "cycles", walk);
    add("translation.walkers", "walks", walkers);
    add("translation.faulting_access_fills", "0 or 1", as_it_is);
    add("paging_structure_cache.pde.entries", "entries", structures);
    add("paging_structure_cache.pdpte.entries", "entries", structures);
    add("paging_structure_cache.pml4.entries", "entries", structures);
}

}  // namespace ringfence::lab::measure
