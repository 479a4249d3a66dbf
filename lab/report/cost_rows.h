// SPDX-License-Identifier: MIT
// A cost stack as rows for people and for JSON: causes in the words of page-table isolation.
#pragma once

#include <string_view>
#include <vector>

#include "sim/observe/cost_stack.h"

namespace ringfence::lab::report {

struct CostRow {
    std::string_view key;    ///< in JSON
    std::string_view title;  ///< in tables
    u64 cycles = 0;

    bool operator==(const CostRow&) const = default;
};

/// Always the same rows in the same order; their sum is the stack's total. What the entry and exit
/// code costs by itself is `trampoline`; translations are told apart by who needed them.
[[nodiscard]] std::vector<CostRow> cost_rows(const sim::observe::CostStack& stack);

}  // namespace ringfence::lab::report
