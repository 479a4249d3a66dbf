// SPDX-License-Identifier: MIT
// A program on our kernel with the monitor looking on.
#pragma once

#include "lab/machine/backend.h"
#include "lab/prove/monitor.h"
#include "lab/prove/proof.h"

namespace ringfence::lab::prove {

/// What the monitor saw, with names from `symbols`: none for address 0, which says that there is
/// none.
[[nodiscard]] std::vector<NamedViolation> name_all(const std::vector<Violation>& violations,
                                                   const sim::observe::SymbolTable& symbols);

/// Runs `request` to its end. Where a rule does not hold, once more with every instruction looked
/// at, to say which one it was. `setup` and `program` are for the report. A guest that fails is a
/// result, not an error; a stop request leaves an empty one.
[[nodiscard]] WatchedRun run_watched(machine::MachineBackend& backend,
                                     machine::MachineRequest request,
                                     const audit::Manifest& manifest, Monitor::Scope scope,
                                     const Setup& setup, const std::string& program,
                                     machine::StopRequest& stop);

}  // namespace ringfence::lab::prove
