// SPDX-License-Identifier: MIT
// What is injected, and where that can come.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "lab/prove/place.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::prove {

/// One event, or a second one at a step of the way in and out of a first one.
enum class EventKind : u8 {
    TimerInterrupt,  ///< of the local APIC; waits while interrupts are off
    Nmi,
    MachineCheck,       ///< an error that was corrected: the interrupted code may go on
    DebugTrap,          ///< a breakpoint, as MOV SS holds one back across SYSCALL
    PageFault,          ///< of an instruction fetch that the tables allow by now
    NmiInNmi,           ///< waits for the first one's end
    MachineCheckInNmi,  ///< while another NMI waits, too: its end must not let that in
    NmiInMachineCheck,
    NmiInDebugTrap,
    MachineCheckInDebugTrap,
};
inline constexpr usize event_kind_count = 10;

inline constexpr std::array<EventKind, event_kind_count> all_event_kinds{
    EventKind::TimerInterrupt,    EventKind::Nmi,
    EventKind::MachineCheck,      EventKind::DebugTrap,
    EventKind::PageFault,         EventKind::NmiInNmi,
    EventKind::MachineCheckInNmi, EventKind::NmiInMachineCheck,
    EventKind::NmiInDebugTrap,    EventKind::MachineCheckInDebugTrap};

/// "timer interrupt", "NMI in machine check".
[[nodiscard]] std::string_view name_of(EventKind kind);

/// The first event of a nested kind; nothing for the others.
[[nodiscard]] std::optional<EventKind> outer_of(EventKind kind);

/// Whether it may wait for a later instruction than the one before which it is raised.
[[nodiscard]] constexpr bool may_wait(EventKind kind) {
    return kind == EventKind::TimerInterrupt || kind == EventKind::NmiInNmi;
}

/// Why the event cannot come at a place, or is no event for the kernel there; empty if it can.
[[nodiscard]] std::string_view reason_against(EventKind kind, const Place& place);

/// The vector of the event (of a nested kind, of the second one).
[[nodiscard]] u8 vector_of(EventKind kind, u8 timer_vector);

/// Makes it come before the next instruction, which is at `place`. Between two runs.
void raise(sim::machine::Machine& machine, EventKind kind, const Place& place, u8 timer_vector);

}  // namespace ringfence::lab::prove
