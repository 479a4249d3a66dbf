// SPDX-License-Identifier: MIT
#include "lab/suite/result.h"

#include <algorithm>
#include <cmath>

namespace ringfence::lab::suite {

namespace {

std::optional<u64> cost_of(const RunResult& run) {
    const auto cycles = run.at(Metric::Cycles);
    return cycles ? cycles : run.at(Metric::Instructions);
}

bool is_in(const RunResult& run, const Column& column) {
    return run.setup.design == column.design && run.setup.label == column.label;
}

}  // namespace

std::vector<Column> columns_of(const std::vector<Row>& rows) {
    std::vector<Column> columns;
    for (const Row& row : rows) {
        for (const RunResult& run : row.runs) {
            const bool known = std::ranges::any_of(
                columns, [&](const Column& column) { return is_in(run, column); });
            if (run.setup.design != Design::Shared && !known) {
                columns.push_back({run.setup.design, run.setup.pcid, run.setup.label});
            }
        }
    }
    return columns;
}

std::optional<double> overhead(const Row& row, const Column& column) {
    const auto run = std::ranges::find_if(
        row.runs, [&](const RunResult& candidate) { return is_in(candidate, column); });
    if (run == row.runs.end()) {
        return std::nullopt;
    }
    const RunResult* shared = baseline_of(*run, row.runs);
    const auto cost = cost_of(*run);
    const auto base = shared == nullptr ? std::nullopt : cost_of(*shared);
    if (!cost || !base || *base == 0) {
        return std::nullopt;
    }
    return static_cast<double>(*cost) / static_cast<double>(*base) - 1;
}

Summary summarise(const std::vector<Row>& rows, const std::string& cpu, const Column& column,
                  const std::vector<Kind>& kinds) {
    constexpr double single_digits = 0.10;
    Summary summary;
    double logarithms = 0;
    for (const Row& row : rows) {
        const bool meant =
            row.cpu == cpu && std::ranges::find(kinds, row.workload->kind) != kinds.end();
        const auto more = meant ? overhead(row, column) : std::nullopt;
        if (!more) {
            continue;
        }
        ++summary.count;
        summary.below_ten_percent += *more < single_digits ? 1 : 0;
        logarithms += std::log1p(*more);
        if (summary.dearest == nullptr || *more > summary.highest) {
            summary.dearest = &row;
            summary.highest = *more;
        }
    }
    if (summary.count > 0) {
        summary.geometric_mean = std::expm1(logarithms / static_cast<double>(summary.count));
    }
    return summary;
}

}  // namespace ringfence::lab::suite
