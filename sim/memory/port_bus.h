// SPDX-License-Identifier: MIT
// What the processor sees of the world outside memory: I/O ports, its interrupt pins and the clock.
#pragma once

#include <optional>

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
    bool machine_check = false;           ///< edge: the hardware found an error, and corrected it
    bool end = false;                     ///< leave the run loop as soon as possible
    bool pause = false;  ///< the same, once, and not the guest's wish: no state of the machine
};

/// The interrupt controller beside the processor, apart from its registers in memory: a local APIC
/// with the 8259s behind it, or these alone.
class InterruptController {
public:
    virtual ~InterruptController() = default;
    /// The vector of the interrupt that is now in service. Called once for each interrupt taken,
    /// only while InterruptPins::interrupt is up.
    virtual u8 acknowledge_interrupt() = 0;
    /// CR8: the priority class (0 to 15) up to which interrupts are held back.
    [[nodiscard]] virtual u8 task_priority_class() const = 0;
    virtual void set_task_priority_class(u8 priority_class) = 0;
    /// The controller's model-specific registers: IA32_APIC_BASE, IA32_TSC_DEADLINE and those of
    /// x2APIC mode. Nothing, or false: the access raises #GP(0). Clock::now is the present.
    [[nodiscard]] virtual std::optional<u64> read_register(u32 msr) = 0;
    [[nodiscard]] virtual bool write_register(u32 msr, u64 value) = 0;
    /// Clock::time_stamp_offset has changed; Clock::now is the present.
    virtual void time_stamp_moved() = 0;
};

/// Guest time. Only the processor moves `now` and the time-stamp counter; only devices move
/// `next_event`.
struct Clock {
    u64 now = 0;               ///< core cycles since the machine was made
    u64 next_event = ~u64{0};  ///< the processor returns from its run loop at or soon after this
    /// What the time-stamp counter shows beyond `now`; also IA32_TSC_ADJUST. [intel/vol3]: 18.17.3
    u64 time_stamp_offset = 0;
    /// The processor has looked at the time, or at a device's port or register since somebody
    /// cleared this. No state: it decides nothing in the guest.
    bool consulted = false;
};

}  // namespace ringfence::sim::memory
