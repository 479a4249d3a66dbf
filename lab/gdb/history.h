// SPDX-License-Identifier: MIT
// Where a machine has been: snapshots in memory, from which any earlier instruction can be reached
// again by running forward.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lab/gdb/recorded_io.h"
#include "sim/machine/snapshot.h"

namespace ringfence::lab::gdb {

class History {
public:
    /// `interval`: instructions between moments, as long as there are few.
    explicit History(u64 interval) : first_interval_(interval), interval_(interval) {}

    struct Moment {
        u64 instructions = 0;
        std::shared_ptr<const sim::machine::Snapshot> snapshot;
        RecordedIo::Position io;
    };

    /// Forgets everything, and begins here. The error says why there can be no history.
    [[nodiscard]] Result<void, std::string> begin(const sim::machine::Machine& machine,
                                                  const RecordedIo& io);
    /// Remembers this moment, if none near it is remembered. False if the host has no room: then
    /// it is only further to run from the moment before.
    bool remember(const sim::machine::Machine& machine, const RecordedIo& io);

    [[nodiscard]] bool empty() const { return moments_.empty(); }
    [[nodiscard]] const std::vector<Moment>& moments() const { return moments_; }
    /// The last moment that is not behind the given number of instructions, or the first one.
    [[nodiscard]] const Moment& before(u64 instructions) const;
    /// Up to which number of instructions a run may go before there should be a moment again.
    [[nodiscard]] u64 next_due() const { return moments_.back().instructions + interval_; }

private:
    void thin_out();
    [[nodiscard]] u64 bytes() const;

    std::vector<Moment> moments_;  ///< in order
    u64 first_interval_;
    u64 interval_;
};

}  // namespace ringfence::lab::gdb
