// SPDX-License-Identifier: MIT
// The figures of a benchmark run, and the file that other tools read them from.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace ringfence::bench {

/// One figure. `value` is the median of `samples`.
struct Figure {
    double value;
    std::string unit;
    std::string baseline;  ///< what a ratio is relative to; empty for a figure of its own
    std::vector<double> samples;
};

using Report = std::map<std::string, Figure>;

/// Adds a figure whose value is the median of `samples` (at least one).
void add(Report& report, const std::string& name, const std::string& unit,
         const std::string& baseline, std::vector<double> samples);

/// Writes {NAME: {"value", "unit", "baseline", "samples"}} to `path`, whole or not at all; false
/// (with a message on standard error) if that fails.
[[nodiscard]] bool write(const Report& report, const std::string& path);

/// Prints a line per figure.
void print(const Report& report);

}  // namespace ringfence::bench
