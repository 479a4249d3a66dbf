// SPDX-License-Identifier: MIT
// Microbenchmarks, as a table for people and as JSON (schema "ringfence.bench/1").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/bench/measurement.h"

namespace ringfence::lab::report {

struct BenchInputs {
    std::string_view kernel;             ///< the image's bytes, named by their digest
    std::vector<std::string> what_if{};  ///< figures of the processors that were replaced
};

/// A table for each processor: a row per operation, a column per design, and what each design costs
/// more than the shared one. Cycles where they were measured, else instructions.
[[nodiscard]] std::string bench_table(const std::vector<bench::Measurement>& measurements);

/// The document ends in a newline. `value` is in `unit`, per operation; so are the other figures.
[[nodiscard]] std::string bench_json(const BenchInputs& inputs,
                                     const std::vector<bench::Measurement>& measurements);

}  // namespace ringfence::lab::report
