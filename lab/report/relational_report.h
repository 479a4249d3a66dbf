// SPDX-License-Identifier: MIT
// Relational verdicts, as a table for people and as a part of an attack's JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "lab/attack/attack_run.h"
#include "lab/relational/names.h"

namespace ringfence::lab::report {

/// In what two runs differ, as a line: when, by which instruction, what.
[[nodiscard]] std::string difference_line(const relational::Difference& difference,
                                          const relational::Names& names);

/// A row for each reported run that has a relational verdict, then what was found, a line each.
[[nodiscard]] std::string relational_table(const std::vector<attack::AttackRun>& runs,
                                           const relational::Names& names);

/// The field "relational" of a run.
[[nodiscard]] nlohmann::ordered_json relational_json(const relational::Result& result,
                                                     const relational::Names& names);

}  // namespace ringfence::lab::report
