// SPDX-License-Identifier: MIT
// A suite as a file: TOML, a [[workload]] for each. The built-in one is lab/suite/workloads.toml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/suite/workload.h"

namespace ringfence::lab::suite {

/// The workloads of a suite file. `name` stands in messages. Throws Failure::Usage with the line
/// and what was expected there: for text that is not TOML, unknown or missing keys, values of
/// another type, names that are given twice, and a file without a workload.
[[nodiscard]] std::vector<Workload> parse_suite(std::string_view text, const std::string& name);

/// The same of a file on the host.
[[nodiscard]] std::vector<Workload> load_suite(const std::string& path);

/// The suite that is part of the command, as text.
[[nodiscard]] std::string_view built_in_suite();

}  // namespace ringfence::lab::suite
