// SPDX-License-Identifier: MIT
// A suite's results for people and for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/suite/result.h"

namespace ringfence::lab::report {

/// For each processor a row per workload, with what each design costs beyond the shared one and the
/// causes that most of that goes to; below it what the article about isolation says, beside what
/// was measured. Workloads that could not run are listed with the reason.
[[nodiscard]] std::string suite_table(const std::vector<suite::Row>& rows);

/// What the suite ran on, for its record.
struct SuiteInputs {
    std::string_view kernel;           ///< the kernel image
    std::vector<std::string> what_if;  ///< overrides
};

/// Schema "ringfence.suite/1".
[[nodiscard]] std::string suite_json(const SuiteInputs& inputs,
                                     const std::vector<suite::Row>& rows);

}  // namespace ringfence::lab::report
