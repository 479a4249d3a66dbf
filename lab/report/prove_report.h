// SPDX-License-Identifier: MIT
// What the monitor found, for people and as JSON (schema "ringfence.prove/1").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/prove/proof.h"

namespace ringfence::lab::report {

/// A line for each rule: how often it was put to the test, and how often it did not hold; then each
/// violation.
[[nodiscard]] std::string prove_table(const prove::Proof& proof);
/// Violations for a verb that shows something else; empty if there are none.
[[nodiscard]] std::string violations_text(const std::vector<prove::NamedViolation>& violations);

/// The document ends in a newline; only what the inputs decide is in it.
[[nodiscard]] std::string prove_json(std::string_view kernel, const prove::Proof& proof);

}  // namespace ringfence::lab::report
