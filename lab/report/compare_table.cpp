// SPDX-License-Identifier: MIT
#include "lab/report/compare_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lab/report/cost_table.h"

namespace ringfence::lab::report {

namespace {

constexpr std::array<const char*, metric_count> headings = {
    "cycles",      "instructions", "user",       "entry",       "kernel",
    "exit",        "syscalls",     "interrupts", "page faults", "switches",
    "root writes", "ITLB misses",  "DTLB misses"};

/// Quantities that no run has take no column.
std::array<bool, metric_count> shown_metrics(const std::vector<RunResult>& results) {
    std::array<bool, metric_count> shown{};
    for (const RunResult& result : results) {
        for (usize i = 0; i < metric_count; ++i) {
            shown[i] = shown[i] || result.metrics[i].has_value();
        }
    }
    return shown;
}

/// One line of the table: a label and a cell for each metric.
struct Line {
    std::string label;
    std::array<std::string, metric_count> cells;
};

Line heading_line() {
    Line line{"design", {}};
    std::copy(headings.begin(), headings.end(), line.cells.begin());
    return line;
}

template <typename Cell>
Line make_line(std::string label, Cell cell) {
    Line line{std::move(label), {}};
    for (usize i = 0; i < metric_count; ++i) {
        line.cells[i] = cell(i);
    }
    return line;
}

std::string difference(u64 value, u64 base) {
    return value < base ? "-" + grouped(base - value) : "+" + grouped(value - base);
}

std::string percentage(u64 value, u64 base) {
    if (base == 0) {
        return value == 0 ? "+0.00%" : "new";
    }
    const double ratio = static_cast<double>(value) / static_cast<double>(base);
    return fmt::format("{:+.2f}%", 100.0 * (ratio - 1.0));
}

void add_lines(std::vector<Line>& lines, const RunResult& result, const RunResult* baseline) {
    lines.push_back(make_line(result.setup.label, [&](usize i) {
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
    lines.push_back(make_line("  more than shared", against_baseline(difference)));
    lines.push_back(make_line("", against_baseline(percentage)));
}

std::string render(const std::vector<Line>& lines, const std::array<bool, metric_count>& shown,
                   Style style) {
    usize label_width = 0;
    std::array<usize, metric_count> widths{};
    for (const Line& line : lines) {
        label_width = std::max(label_width, line.label.size());
        for (usize i = 0; i < metric_count; ++i) {
            widths[i] = std::max(widths[i], line.cells[i].size());
        }
    }
    std::string text;
    for (const Line& line : lines) {
        std::string row = fmt::format("{:<{}}", line.label, label_width);
        for (usize i = 0; i < metric_count; ++i) {
            if (!shown[i]) {
                continue;
            }
            row += fmt::format("  {:>{}}", line.cells[i], widths[i]);
        }
        row.erase(row.find_last_not_of(' ') + 1);
        const bool bold = style == Style::Terminal && &line == &lines.front();
        text += bold ? fmt::format("\033[1m{}\033[0m\n", row) : row + "\n";
    }
    return text;
}

}  // namespace

std::string grouped(u64 number) {
    std::string digits = fmt::format("{}", number);
    for (usize at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

std::string compare_table(const std::vector<RunResult>& results, Style style) {
    std::string text;
    std::vector<Line> lines;
    const auto shown = shown_metrics(results);
    usize first_of_cpu = 0;
    for (usize i = 0; i < results.size(); ++i) {
        if (lines.empty()) {
            lines.push_back(heading_line());
        }
        add_lines(lines, results[i], baseline_of(results[i], results));
        const bool last_of_cpu =
            i + 1 == results.size() || results[i + 1].setup.cpu != results[i].setup.cpu;
        if (last_of_cpu) {
            text += fmt::format("{}{}\n{}", text.empty() ? "" : "\n", results[i].setup.cpu,
                                render(lines, shown, style));
            const std::string costs =
                cost_table(std::span{results}.subspan(first_of_cpu, i + 1 - first_of_cpu));
            text += costs.empty() ? "" : "\n" + costs;
            first_of_cpu = i + 1;
            lines.clear();
        }
    }
    return text;
}

}  // namespace ringfence::lab::report
