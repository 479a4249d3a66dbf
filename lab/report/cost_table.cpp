// SPDX-License-Identifier: MIT
#include "lab/report/cost_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "lab/report/cost_rows.h"
#include "lab/report/numbers.h"
#include "lab/report/text_table.h"

namespace ringfence::lab::report {

namespace {

using Cells = std::vector<std::string>;

/// The share of the first run's cycles that a difference is.
std::string share(u64 value, u64 base, u64 whole) {
    const double difference = static_cast<double>(value) - static_cast<double>(base);
    return whole == 0 ? ""
                      : fmt::format("{:+.2f}%", 100.0 * difference / static_cast<double>(whole));
}

Cells cells_of(std::string_view title, std::span<const u64> cycles, std::span<const u64> totals) {
    Cells cells{std::string(title), grouped(cycles[0])};
    for (usize run = 1; run < cycles.size(); ++run) {
        cells.push_back(grouped_difference(cycles[run], cycles[0]));
        cells.push_back(share(cycles[run], cycles[0], totals[0]));
    }
    return cells;
}

}  // namespace

std::string cost_table(std::span<const RunResult> results) {
    const bool timed = !results.empty() && std::ranges::all_of(results, [](const RunResult& r) {
        return r.stack.has_value();
    });
    if (!timed) {
        return {};
    }
    std::vector<std::vector<CostRow>> rows;
    std::vector<u64> totals;
    Cells heading{"cycles by cause", results[0].setup.label};
    for (const RunResult& result : results) {
        rows.push_back(cost_rows(*result.stack));
        totals.push_back(result.stack->total());
        if (&result != &results[0]) {
            heading.push_back(result.setup.label);
            heading.emplace_back();
        }
    }
    std::vector<Cells> lines{heading};
    for (usize row = 0; row < rows[0].size(); ++row) {
        std::vector<u64> cycles;
        for (const auto& of_run : rows) {
            cycles.push_back(of_run[row].cycles);
        }
        if (std::ranges::any_of(cycles, [](u64 value) { return value != 0; })) {
            lines.push_back(cells_of(rows[0][row].title, cycles, totals));
        }
    }
    lines.push_back(cells_of("sum", totals, totals));
    return text_table(lines, 1);
}

}  // namespace ringfence::lab::report
