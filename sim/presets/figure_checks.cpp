// SPDX-License-Identifier: MIT
// Figures that are each possible but not together.
#include <algorithm>
#include <array>
#include <cmath>

#include "sim/presets/figure_rules.h"

namespace ringfence::sim::presets {

namespace {

constexpr double line_bytes = 64;

std::optional<FigureConflict> check_cache_sizes(const Figures& figures) {
    for (const char* const name : {"l1i", "l1d", "l2", "llc"}) {
        const std::string path = std::string{"cache."} + name;
        const double ways = figures.at(path + ".ways");
        const double sets = figures.at(path + ".kib") * 1024 / (ways * line_bytes);
        if (sets < 1 || sets != std::floor(sets)) {
            return FigureConflict{path + ".kib", "the size is no multiple of " +
                                                     format_number(ways) + " ways times 64 bytes"};
        }
    }
    return std::nullopt;
}

/// Each level is slower than the one before it.
std::optional<FigureConflict> check_latencies(const Figures& figures) {
    double before = figures.at("cache.l1d.latency");
    for (const char* const name : {"l2", "llc"}) {
        const std::string path = std::string{"cache."} + name + ".latency";
        if (figures.at(path) <= before) {
            return FigureConflict{
                path, "expected more than the level before it has, " + format_number(before)};
        }
        before = figures.at(path);
    }
    const double cycle_ns = 1e9 / figures.at("identity.clock_hz");
    if (figures.at("memory.latency_ns") / cycle_ns <= before) {
        return FigureConflict{"memory.latency_ns", "expected more than the last cache's " +
                                                       format_number(before) + " cycles"};
    }
    return std::nullopt;
}

std::optional<FigureConflict> check_tlbs(const Figures& figures) {
    constexpr std::string_view entries_suffix = ".entries";
    for (const auto& [path, figure] : figures.values) {
        if (!path.ends_with(entries_suffix)) {
            continue;
        }
        const std::string name = path.substr(0, path.size() - entries_suffix.size());
        const double ways = figures.at(name + ".ways");
        if (ways != 0 && std::fmod(figure.value, ways) != 0) {
            return FigureConflict{path, "the entries must be a positive multiple of the ways"};
        }
    }
    const bool shared = figures.has("tlb.stlb_4k2m.entries");
    for (const char* const other : {"tlb.stlb_4k.entries", "tlb.stlb_2m.entries"}) {
        if (shared && figures.has(other)) {
            return FigureConflict{other, "stlb_4k2m holds these pages already"};
        }
    }
    if (!shared && !figures.has("tlb.stlb_4k.entries")) {
        return FigureConflict{"tlb.dtlb_4k.entries", "expected stlb_4k or stlb_4k2m in [tlb] too"};
    }
    return std::nullopt;
}

std::optional<FigureConflict> check_nested_pages(const Figures& figures) {
    constexpr const char* path = "translation.nested_page_shift";
    constexpr std::array page_shifts{12.0, 21.0, 30.0};
    if (figures.has(path) &&
        std::ranges::find(page_shifts, figures.at(path)) == page_shifts.end()) {
        return FigureConflict{path, "expected 12, 21 or 30"};
    }
    return std::nullopt;
}

std::optional<FigureConflict> check_predictor(const Figures& figures) {
    const auto counters = static_cast<u64>(figures.at("predictor.counters"));
    if ((counters & (counters - 1)) != 0) {
        return FigureConflict{"predictor.counters", "expected a power of two"};
    }
    if (std::fmod(figures.at("predictor.target_entries"), figures.at("predictor.target_ways")) !=
        0) {
        return FigureConflict{"predictor.target_entries",
                              "the entries must be a positive multiple of the ways"};
    }
    return std::nullopt;
}

}  // namespace

std::optional<FigureConflict> check_figures(const Figures& figures) {
    static constexpr std::array checks{check_cache_sizes, check_latencies, check_tlbs,
                                       check_nested_pages, check_predictor};
    for (const auto check : checks) {
        if (auto conflict = check(figures)) {
            return conflict;
        }
    }
    return std::nullopt;
}

}  // namespace ringfence::sim::presets
