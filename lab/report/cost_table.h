// SPDX-License-Identifier: MIT
// Cost stacks side by side, as text for people.
#pragma once

#include <span>
#include <string>

#include "lab/comparison.h"

namespace ringfence::lab::report {

/// For the runs of one processor: a row per cause, with the cycles of the first run and what each
/// other run has more (or fewer), and a row of sums that agrees with them exactly. Causes that no
/// run has are left out. Empty unless every run has a stack.
[[nodiscard]] std::string cost_table(std::span<const RunResult> results);

}  // namespace ringfence::lab::report
