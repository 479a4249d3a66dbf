// SPDX-License-Identifier: MIT
// Where a guest is about to use bytes that are the host's to choose: the moments from which two
// runs go on that differ in nothing else.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lab/machine/backend.h"
#include "sim/machine/snapshot.h"
#include "sim/observe/address_range.h"

namespace ringfence::lab::relational {

struct Moment {
    std::shared_ptr<const sim::machine::Snapshot> machine;
    /// Where the bytes lie, by the tables that the snapshot's processor uses.
    sim::observe::AddressRange place;
    std::string content;
};

/// The two moments of an attack.
struct Moments {
    /// The kernel is asked where its secret lies, and has answered. It has not used the secret
    /// since it was planted; the attacker does not know the place yet.
    std::optional<Moment> secret;
    /// The attacker has filled a buffer of its own by getrandom, and has not used it.
    std::optional<Moment> own;
    std::string obstacle;  ///< why one of them is not there
    bool stopped = false;  ///< a stop request came: the rest means nothing
};

/// Runs an attack on `bytes` bytes, on a kernel of ours, until both moments have come. Throws
/// Failure::Own if the machine fails.
[[nodiscard]] Moments find_moments(const machine::MachineRequest& request,
                                   const sim::presets::CpuModel& cpu, usize bytes,
                                   machine::StopRequest& stop);

}  // namespace ringfence::lab::relational
