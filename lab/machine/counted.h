// SPDX-License-Identifier: MIT
// What a built-in machine counts, and the part of it that belongs to a program.
#pragma once

#include <optional>

#include "lab/machine/backend.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::machine {

/// Up to some moment of a run.
struct Counted {
    sim::observe::Counters counters;
    std::optional<sim::machine::TimedCounts> timed{};  ///< of a timed machine

    [[nodiscard]] static Counted of(const sim::machine::Machine& machine) {
        return {machine.counters(), machine.timed_counts()};
    }
};

/// Fills in what was counted between two moments of one run.
void put_counts(MachineOutcome& outcome, const Counted& begin, const Counted& end);

/// Fills in the instructions that the guest wanted and the machine has not.
void put_unimplemented(MachineOutcome& outcome, const sim::machine::Machine& machine);

}  // namespace ringfence::lab::machine
