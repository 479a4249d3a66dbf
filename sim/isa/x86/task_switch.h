// SPDX-License-Identifier: MIT
// Hardware task switches: by JMP, CALL, IRET, and by events through task gates. Long mode has none.
// [intel/vol3]: 8.3
#pragma once

#include <optional>

#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

/// A switch that was asked for.
struct TaskSwitch {
    /// What asked: decides over busy flags, the link and NT. [intel/vol3]: 8.4, table 8-2
    enum class How : u8 { Jump, Call, Event, Return };

    u16 selector = 0;
    How how = How::Jump;
    /// What the task that is left goes on with.
    u64 return_rip = 0;
    u64 saved_rflags = 0;
    /// EXT in the codes of errors: for events.
    u32 external = 0;
    /// Pushed on the new task's stack: for exceptions that have one.
    std::optional<u32> error_code;
};

/// Switches to the task of `to.selector`. False: nothing has changed, and cpu.pending holds the
/// exception, of the task that asked. Errors that are found later are the new task's: they go to
/// cpu.deferred, and the switch counts as made. [intel/vol3]: 8.3, table 8-1
///
/// Privilege, which events and IRET do not look at, is the caller's to check.
[[nodiscard]] bool switch_task(Cpu& cpu, const TaskSwitch& to);

/// IRET with NT set: back to the task that the current one's link names.
[[nodiscard]] bool return_to_previous_task(Cpu& cpu, u64 return_rip);

}  // namespace ringfence::sim::isa::x86
