// SPDX-License-Identifier: MIT
// The ways out of the kernel of programs that have an LDT: CpuState::exits holds them while such a
// program runs, so that nobody else's way is longer. They see to what the LDT asks for, and go on
// by the design's own way or by the one to 16-bit stacks.
#pragma once

#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel_arch/trap_frame.h"

extern "C" {
/// ldt_exit.S: RSP is at a TrapFrame, as for every exit.
void exit_iret_with_ldt();
void exit_sysret_with_ldt();
/// Called by both: where to go on.
ringfence::kernel::arch::ExitPath leave_with_ldt(ringfence::kernel::arch::TrapFrame* frame,
                                                 bool by_sysret);
}

namespace ringfence::kernel::arch {

/// The LDT is another one, or was changed: what the processor holds of selectors that name it is of
/// before. They are loaded again before user mode runs.
void note_stale_ldt_selectors();

/// Loads the segment registers that name the LDT once more. One that cannot be loaded any more
/// becomes null.
void reload_ldt_selectors();

}  // namespace ringfence::kernel::arch
