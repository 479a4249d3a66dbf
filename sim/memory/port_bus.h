// SPDX-License-Identifier: MIT
// What the processor sees of the world outside memory: I/O ports, its interrupt pins and the clock.
#pragma once

#include "base/types.h"

namespace ringfence::sim::memory {

/// I/O port space, as IN and OUT reach it. `bytes` is 1, 2 or 4. Ports that nobody answers read as
/// all ones; writes to them are lost.
class PortBus {
public:
    virtual ~PortBus() = default;
    virtual u32 read(u16 port, unsigned bytes) = 0;
    virtual void write(u16 port, unsigned bytes, u32 value) = 0;
};

/// The processor's pins, as devices drive them. The processor looks at `requests` between blocks.
struct InterruptPins {
    bool interrupt = false;               ///< level: a maskable interrupt waits
    bool non_maskable_interrupt = false;  ///< edge: latched until the processor takes it
    bool end = false;                     ///< leave the run loop as soon as possible
};

/// Answers the processor's interrupt acknowledge cycle.
class InterruptAcknowledge {
public:
    virtual ~InterruptAcknowledge() = default;
    /// The vector of the interrupt that is now in service. Called once for each interrupt taken,
    /// only while InterruptPins::interrupt is up.
    virtual u8 acknowledge_interrupt() = 0;
};

/// Guest time. Only the processor moves `now`; only devices move `next_event`.
struct Clock {
    u64 now = 0;               ///< core cycles since the machine was made
    u64 next_event = ~u64{0};  ///< the processor returns from its run loop at or soon after this
};

}  // namespace ringfence::sim::memory
