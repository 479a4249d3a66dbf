// SPDX-License-Identifier: MIT
// What the guests measured of processors, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "lab/measure/finding.h"

namespace ringfence::lab::report {

/// `tolerance` in percent.
[[nodiscard]] std::string measure_table(const std::vector<measure::CpuFindings>& cpus,
                                        double tolerance);
/// Schema ringfence.measure/1. `what_if`: the figures that were replaced.
[[nodiscard]] std::string measure_json(const std::vector<measure::CpuFindings>& cpus,
                                       double tolerance, const std::vector<std::string>& what_if);

}  // namespace ringfence::lab::report
