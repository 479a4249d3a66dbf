// SPDX-License-Identifier: MIT
// The results of an attack, as a table for people and as JSON (schema "ringfence.attack/1").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/attack/attack_run.h"
#include "lab/attack/probe_run.h"
#include "lab/relational/names.h"

namespace ringfence::lab::report {

/// What the whole experiment was given.
struct AttackInputs {
    u64 seed;
    std::string_view kernel;                   ///< the image's bytes, named by their digest
    std::vector<std::string> what_if{};        ///< figures of the processors that were replaced
    const relational::Names* names = nullptr;  ///< there if runs have relational results
};

/// Only reported runs. A row each: what was recovered, of the control too, the verdict, and the
/// four parts of isolation's status; then each reason once.
[[nodiscard]] std::string attack_table(const std::vector<attack::AttackRun>& runs);

/// Only reported runs. The document ends in a newline; only what the inputs decide is in it.
[[nodiscard]] std::string attack_json(const AttackInputs& inputs,
                                      const std::vector<attack::AttackRun>& runs);

/// What each probe found, and what that is. The same schema, with "probes" for "runs".
[[nodiscard]] std::string probe_table(const std::vector<attack::ProbeRun>& runs);
[[nodiscard]] std::string probe_json(const AttackInputs& inputs,
                                     const std::vector<attack::ProbeRun>& runs);

}  // namespace ringfence::lab::report
