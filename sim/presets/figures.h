// SPDX-License-Identifier: MIT
// A CPU's measured and published figures, each with the tag of its source. The functional engine
// uses the cache geometry (for CPUID); the timed engine uses all of it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/compiler.h"
#include "base/types.h"

namespace ringfence::sim::presets {

/// A value and where it comes from: a tag that the preset's [sources] table explains. What the
/// value stands for is the rule's to say (figure_rules.h): switches are 0 and 1, ports a set by
/// bit, a choice its place in the list of choices.
struct Figure {
    double value = 0;
    std::string source;

    bool operator==(const Figure&) const = default;
};

using FigureMap = std::map<std::string, Figure, std::less<>>;

/// All figures of a preset, by path ("cache.l1d.latency"). Complete and checked once it is part of
/// a CpuModel: every required figure is there, every value is within its rule's range, and those
/// that belong together agree (check_figures).
struct Figures {
    FigureMap values;
    /// What is known of the CPU besides: measurements to compare with and sizes that the model has
    /// no use for. Numbers only, by name.
    FigureMap published;
    std::map<std::string, std::string, std::less<>> sources;  ///< tag: what it stands for

    [[nodiscard]] bool has(std::string_view path) const { return values.contains(path); }
    /// The figure must be there.
    [[nodiscard]] double at(std::string_view path) const {
        const auto found = values.find(path);
        RF_ASSERT(found != values.end());
        return found->second.value;
    }
};

}  // namespace ringfence::sim::presets
