// SPDX-License-Identifier: MIT
// The segment registers of a task that is switched to. [intel/vol3]: 8.3, step 13 and table 8-1
#pragma once

#include "sim/isa/x86/task_state.h"

namespace ringfence::sim::isa::x86 {

/// Puts the task's selectors into LDTR and the segment registers, without descriptors behind them,
/// and sets CPL; so they stay where qualifying fails. Its flags are loaded: they say whether it is
/// a virtual-8086 program, which needs no descriptors.
void load_task_selectors(Cpu& cpu, const TaskState& state);

/// Loads and qualifies the descriptors. False: cpu.pending holds #TS, #NP or #SS, with `external`
/// (EXT) in its code, or #PF; the registers that come after the wrong one stay unusable.
[[nodiscard]] bool load_task_descriptors(Cpu& cpu, const TaskState& state, u32 external);

}  // namespace ringfence::sim::isa::x86
