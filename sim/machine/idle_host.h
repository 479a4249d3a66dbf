// SPDX-License-Identifier: MIT
// The world outside while a guest has nothing to do: who types there waits for the guest to wait.
#pragma once

#include <array>

#include "base/types.h"
#include "sim/memory/byte_stream.h"

namespace ringfence::sim::machine {

/// The processor has halted with interrupts on.
struct IdleMoment {
    u64 now;  ///< core cycles since the machine was made
    /// Until the guest's own next event; `never` if none will come.
    u64 cycles;
    /// Which serial ports would interrupt the processor for a byte now.
    std::array<bool, memory::serial_port_count> listening;

    static constexpr u64 never = ~u64{0};
};

class IdleHost {
public:
    virtual ~IdleHost() = default;

    /// Answers how many of the cycles pass. Fewer than all only if there is something new: the
    /// sources of the serial ports are looked at again then, at once. A run is a pure function of
    /// its inputs if the answer depends on nothing else.
    virtual u64 halted(const IdleMoment& moment) = 0;

    /// Called now and then while the guest runs, at times that depend on the host. True: look at
    /// the sources of the serial ports.
    virtual bool running() = 0;
};

}  // namespace ringfence::sim::machine
