// SPDX-License-Identifier: MIT
// From the load of a secret to the measurement of what it left: the steps of a leak, or of an
// attempt that came to nothing.
#pragma once

#include <optional>
#include <vector>

#include "lab/relational/comparison.h"

namespace ringfence::lab::relational {

/// An access on the squashed path, in both runs.
struct Dependent {
    TimingEvent access;
    std::optional<TimingEvent> fill;  ///< its line came to L1D for it
    std::optional<TimingEvent> other_access;
    std::optional<TimingEvent> other_fill;
};

/// A load that user mode made later, of a line that depended on the secret.
struct Measurement {
    TimingEvent load;
    u64 cycles = 0;  ///< from the retirement before its own
    bool hit = false;
    /// Of the other run, if it made this load too.
    std::optional<u64> other_cycles;
    bool other_hit = false;
};

struct Chain {
    TimingEvent load;  ///< Forbidden
    u64 byte = 0;      ///< of the place
    TimingEvent path;  ///< PathBegins: why what follows is squashed, and when
    /// Accesses whose addresses differ in the two runs: those that depend on the secret.
    std::vector<Dependent> dependents;
    /// The path's other accesses behind the load.
    usize independent = 0;
    std::optional<TimingEvent> delivered;  ///< the fault, if it was raised
    std::optional<Measurement> measured;
};

/// The chain of which `evidence.at` is a part; nothing if no load of `place` and no squashed path
/// has to do with it.
[[nodiscard]] std::optional<Chain> find_chain(const Evidence& evidence,
                                              const sim::observe::AddressRange& place);

}  // namespace ringfence::lab::relational
