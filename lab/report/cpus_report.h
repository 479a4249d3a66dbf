// SPDX-License-Identifier: MIT
// What is known of processors: a table of them, all figures of one, both as JSON.
#pragma once

#include <string>
#include <vector>

#include "sim/presets/cpu_model.h"

namespace ringfence::lab::report {

/// A line for each processor.
[[nodiscard]] std::string cpus_table(const std::vector<sim::presets::CpuModel>& cpus);

/// Every figure of a processor with its unit and source, and what the sources are.
[[nodiscard]] std::string cpu_figures(const sim::presets::CpuModel& cpu);

/// Schema "ringfence.cpus/1". `what_if`: overrides that are in the figures, as typed.
[[nodiscard]] std::string cpus_json(const std::vector<sim::presets::CpuModel>& cpus,
                                    const std::vector<std::string>& what_if);

}  // namespace ringfence::lab::report
