// SPDX-License-Identifier: MIT
// A program on our kernel with the monitor looking on.
#pragma once

#include "lab/machine/backend.h"
#include "lab/prove/monitor.h"
#include "lab/prove/proof.h"

namespace ringfence::lab::prove {

/// "SYMBOL+0x12", demangled; empty where no symbol covers the address, or it is 0.
[[nodiscard]] std::string name_of(VirtualAddress address, const sim::observe::SymbolTable& symbols);

/// What the monitor saw, with names from `symbols`.
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
