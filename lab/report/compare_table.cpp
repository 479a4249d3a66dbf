// SPDX-License-Identifier: MIT
#include "lab/report/compare_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lab/report/cost_table.h"
#include "lab/report/numbers.h"
#include "lab/report/text_table.h"

namespace ringfence::lab::report {

namespace {

constexpr std::array<const char*, metric_count> headings = {
    "cycles",      "instructions", "user",       "entry",       "kernel",
    "exit",        "syscalls",     "interrupts", "page faults", "switches",
    "root writes", "ITLB misses",  "DTLB misses"};

using Shown = std::array<bool, metric_count>;

/// Quantities that no run has take no column.
Shown shown_metrics(const std::vector<RunResult>& results) {
    Shown shown{};
    for (const RunResult& result : results) {
        for (usize i = 0; i < metric_count; ++i) {
            shown[i] = shown[i] || result.metrics[i].has_value();
        }
    }
    return shown;
}

using Row = std::vector<std::string>;

/// A label, and a cell for each quantity that is shown.
template <typename Cell>
Row make_row(std::string label, const Shown& shown, Cell cell) {
    Row row{std::move(label)};
    for (usize i = 0; i < metric_count; ++i) {
        if (shown[i]) {
            row.push_back(cell(i));
        }
    }
    return row;
}

std::string percentage(u64 value, u64 base) {
    if (base == 0) {
        return value == 0 ? "+0.00%" : "new";
    }
    const double ratio = static_cast<double>(value) / static_cast<double>(base);
    return fmt::format("{:+.2f}%", 100.0 * (ratio - 1.0));
}

void add_rows(std::vector<Row>& rows, const Shown& shown, const RunResult& result,
              const RunResult* baseline) {
    rows.push_back(make_row(result.setup.label, shown, [&](usize i) {
        return result.metrics[i] ? grouped(*result.metrics[i]) : "-";
    }));
    if (baseline == nullptr || baseline == &result) {
        return;
    }
    const auto against_baseline = [&](auto compute) {
        return [&result, baseline, compute](usize i) -> std::string {
            const auto& value = result.metrics[i];
            const auto& base = baseline->metrics[i];
            return value && base ? compute(*value, *base) : "";
        };
    };
    rows.push_back(make_row("  more than shared", shown, against_baseline(grouped_difference)));
    rows.push_back(make_row("", shown, against_baseline(percentage)));
}

/// The first line stands out on a terminal.
std::string with_heading(std::string table, Style style) {
    if (style == Style::Terminal) {
        table.insert(table.find('\n'), "\033[0m");
        table.insert(0, "\033[1m");
    }
    return table;
}

}  // namespace

std::string compare_table(const std::vector<RunResult>& results, Style style) {
    std::string text;
    std::vector<Row> rows;
    const auto shown = shown_metrics(results);
    usize first_of_cpu = 0;
    for (usize i = 0; i < results.size(); ++i) {
        if (rows.empty()) {
            rows.push_back(
                make_row("design", shown, [](usize metric) { return headings[metric]; }));
        }
        add_rows(rows, shown, results[i], baseline_of(results[i], results));
        const bool last_of_cpu =
            i + 1 == results.size() || results[i + 1].setup.cpu != results[i].setup.cpu;
        if (last_of_cpu) {
            text += fmt::format("{}{}\n{}", text.empty() ? "" : "\n", results[i].setup.cpu,
                                with_heading(text_table(rows, 1), style));
            const std::string costs =
                cost_table(std::span{results}.subspan(first_of_cpu, i + 1 - first_of_cpu));
            text += costs.empty() ? "" : "\n" + costs;
            first_of_cpu = i + 1;
            rows.clear();
        }
    }
    return text;
}

}  // namespace ringfence::lab::report
