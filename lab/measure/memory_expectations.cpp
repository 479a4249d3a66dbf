// SPDX-License-Identifier: MIT
// Caches, memory, prefetchers.
#include "lab/measure/expectation_rows.h"
#include "lab/measure/preset_view.h"

namespace ringfence::lab::measure {

namespace {

using sim::presets::CpuModel;

Expectation memory_latency(const CpuModel& cpu, const std::string& /*name*/) {
    return {PresetView(cpu).cycles_of_ns("memory.latency_ns"), {"memory.latency_ns"}};
}

Expectation memory_gap(const CpuModel& cpu, const std::string& /*name*/) {
    return {PresetView(cpu).cycles_of_ns("memory.gap_ns"), {"memory.gap_ns"}};
}

/// A program's pages are not next to each other: it knows the sets of a first level only where a
/// way covers no more than a page.
bool knows_sets(const PresetView& view) {
    constexpr double page = 4096;
    return view.way_bytes("cache.l1d") <= page;
}

Expectation second_level_latency(const CpuModel& cpu, const std::string& path) {
    return knows_sets(PresetView(cpu)) ? as_it_is(cpu, path) : Expectation{};
}

/// Loads that all miss the first level and hit the second: the ports may be what limits them.
Expectation fill_buffers(const CpuModel& cpu, const std::string& path) {
    const PresetView view(cpu);
    const double most = view.port_count("core.load_ports") * view.at("cache.l2.latency");
    if (!knows_sets(view)) {
        return {};
    }
    return view.at(path) <= most ? Expectation{view.at(path), {path}} : Expectation{most, {}};
}

/// Lines that software prefetches before the first of them comes: no more than the guest asks for.
Expectation l2_fill_buffers(const CpuModel& cpu, const std::string& path) {
    constexpr double lines = 96;
    const PresetView view(cpu);
    const double asked_in = lines / view.port_count("core.load_ports");
    return view.at(path) < lines && asked_in < view.cycles_of_ns("memory.latency_ns")
               ? Expectation{view.at(path), {path}}
               : Expectation{};
}

/// Lines that share a set are found where the sets are a power of two, or that times a small odd
/// number (guest/measurements/cache_sets.h).
template <u64 largest_factor>
Expectation ways(const CpuModel& cpu, const std::string& path) {
    const u64 sets = PresetView(cpu).cache_sets(path.substr(0, path.rfind('.')));
    const u64 odd = sets >> static_cast<unsigned>(std::countr_zero(sets));
    return odd <= largest_factor ? as_it_is(cpu, path) : Expectation{};
}
constexpr u64 data_cache_factor = 15;

/// Whether the last level takes what the second drops, the guest learns from a line that stays in
/// the first. If it does, the guest finds the sum of both and takes the second's away: not if the
/// first level keeps lines that the second has dropped.
bool sums_are_plain(const PresetView& view) {
    return view.at("cache.l1d.ways") > 1 && (view.at("cache.llc.inclusive") != 0 ||
                                             view.at("cache.l2.ways") >= view.at("cache.l1d.ways"));
}

Expectation last_level_ways(const CpuModel& cpu, const std::string& path) {
    return sums_are_plain(PresetView(cpu)) ? ways<data_cache_factor>(cpu, path) : Expectation{};
}

/// The guest has 1472 MiB of memory, and tries twice as much as the cache keeps.
Expectation last_level_size(const CpuModel& cpu, const std::string& path) {
    constexpr double most_kib = 1472.0 * 1024 / 2;
    const PresetView view(cpu);
    const bool found = view.at("cache.llc.ways") > 1 && sums_are_plain(view);
    return found && view.at(path) + view.at("cache.l2.kib") < most_kib ? as_it_is(cpu, path)
                                                                       : Expectation{};
}

/// The line that stays in the first level must not be pushed out of it by the others.
Expectation inclusive(const CpuModel& cpu, const std::string& path) {
    return PresetView(cpu).at("cache.l1d.ways") > 1 ? as_it_is(cpu, path) : Expectation{};
}

}  // namespace

void add_memory(std::vector<Measurement>& rows) {
    using enum Guest;
    rows.push_back({"cache.l1i.kib", "KiB", Supervisor, as_it_is});
    rows.push_back({"cache.l1i.ways", "ways", Supervisor, ways<1>});
    rows.push_back({"cache.l1i.latency", "cycles", Supervisor, as_it_is});
    rows.push_back({"cache.l1d.kib", "KiB", Supervisor, as_it_is});
    rows.push_back({"cache.l1d.ways", "ways", Supervisor, ways<data_cache_factor>});
    rows.push_back({"cache.l1d.latency", "cycles", Program, as_it_is});
    rows.push_back({"cache.l1d.fill_buffers", "lines", Program, fill_buffers});
    rows.push_back({"cache.l2.kib", "KiB", Supervisor, as_it_is});
    rows.push_back({"cache.l2.ways", "ways", Supervisor, ways<data_cache_factor>});
    rows.push_back({"cache.l2.latency", "cycles", Program, second_level_latency});
    rows.push_back({"cache.l2.fill_buffers", "lines", Program, l2_fill_buffers});
    rows.push_back({"cache.llc.kib", "KiB", Supervisor, last_level_size});
    rows.push_back({"cache.llc.ways", "ways", Supervisor, last_level_ways});
    rows.push_back({"cache.llc.latency", "cycles", Supervisor, as_it_is});
    rows.push_back({"cache.llc.inclusive", "0 or 1", Supervisor, inclusive});
    rows.push_back({"memory.latency", "cycles", Program, memory_latency});
    rows.push_back({"memory.gap", "cycles", Program, memory_gap});
    for (const char* const name : {"prefetch.stride", "prefetch.streamer", "prefetch.adjacent_line",
                                   "prefetch.next_line_instructions"}) {
        rows.push_back({name, "0 or 1", Program, as_it_is});
    }
}

}  // namespace ringfence::lab::measure
