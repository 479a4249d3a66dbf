// SPDX-License-Identifier: MIT
// What a suite found, and what can be said of all of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/comparison.h"
#include "lab/suite/workload.h"

namespace ringfence::lab::suite {

/// A workload on one processor, in all designs.
struct Row {
    const Workload* workload;
    std::string cpu;
    std::vector<RunResult> runs;  ///< in the order of make_matrix; empty if it could not run
    std::string missing;          ///< why it could not run
};

/// A design as the columns of a report have it.
struct Column {
    Design design = Design::Isolated;
    bool pcid = false;
    std::string label;
};

/// The designs that are compared with the shared one, in report order.
[[nodiscard]] std::vector<Column> columns_of(const std::vector<Row>& rows);

/// What a design costs beyond the shared one: 0.05 is five percent more cycles (instructions, where
/// cycles were not counted). Nothing if either was not run.
[[nodiscard]] std::optional<double> overhead(const Row& row, const Column& column);

/// Of the rows of the given kinds that ran on a processor.
struct Summary {
    usize count = 0;
    usize below_ten_percent = 0;
    double geometric_mean = 0;  ///< of the ratios, less 1
    const Row* dearest = nullptr;
    double highest = 0;
};
[[nodiscard]] Summary summarise(const std::vector<Row>& rows, const std::string& cpu,
                                const Column& column, const std::vector<Kind>& kinds);

}  // namespace ringfence::lab::suite
