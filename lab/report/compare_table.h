// SPDX-License-Identifier: MIT
// A comparison as text for people.
#pragma once

#include <string>
#include <vector>

#include "lab/comparison.h"

namespace ringfence::lab::report {

enum class Style { Plain, Terminal };

/// A table for each processor: a row per run, and below each but the first, what it has more than
/// the shared design, as a number and in percent. Quantities that the machine does not count are
/// "-".
[[nodiscard]] std::string compare_table(const std::vector<RunResult>& results, Style style);

}  // namespace ringfence::lab::report
