// SPDX-License-Identifier: MIT
// A cost stack as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sim/observe/cost_stack.h"

namespace ringfence::lab::report {

/// {KEY: cycles, ..} with the rows of cost_rows.
[[nodiscard]] nlohmann::ordered_json stack_json(const sim::observe::CostStack& stack);

/// {PLACE: {CAUSE: cycles, ..}, ..}, as the machine has it.
[[nodiscard]] nlohmann::ordered_json stack_by_place_json(const sim::observe::CostStack& stack);

}  // namespace ringfence::lab::report
