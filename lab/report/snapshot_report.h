// SPDX-License-Identifier: MIT
// Snapshots as text.
#pragma once

#include <string>

#include "sim/machine/snapshot.h"

namespace ringfence::lab::report {

/// What was saved and where in the run, then a line for each section. Throws Failure::Own if the
/// snapshot holds what no machine can be in.
[[nodiscard]] std::string snapshot_info(const sim::machine::Snapshot& snapshot);

/// A line for each field of a section. Throws Failure::Usage if there is no such section.
[[nodiscard]] std::string snapshot_fields(const sim::machine::Snapshot& snapshot,
                                          const std::string& section);

/// A line for each field and each range of RAM in which they differ, `most` of them; empty if they
/// do not.
[[nodiscard]] std::string snapshot_difference(const sim::machine::Snapshot& first,
                                              const sim::machine::Snapshot& second, u64 most);

}  // namespace ringfence::lab::report
