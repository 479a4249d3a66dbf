// SPDX-License-Identifier: MIT
// Where the entry code calls C++. Interrupts are off throughout.
#pragma once

#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel_arch/trap_frame.h"

/// For functions that entry code calls: they stay where they are when the rest of the image moves
/// (kernel.ld), and no user table has them.
#define RF_GATE [[gnu::section(".gate_text")]]

extern "C" {
/// After SYSCALL. The answer is the exit code that can restore the frame.
ringfence::kernel::arch::ExitPath enter_syscall(ringfence::kernel::arch::TrapFrame* frame);
/// An interrupt or exception that came from user mode; likewise.
ringfence::kernel::arch::ExitPath enter_trap(ringfence::kernel::arch::TrapFrame* frame);
/// The same from kernel mode, by an ordinary gate.
void enter_trap_from_kernel(ringfence::kernel::arch::TrapFrame* frame);
/// NMI, #MC, #DB or #DF that interrupted kernel mode at any instruction. True: the way back must
/// leave NMIs blocked.
bool enter_paranoid_trap(ringfence::kernel::arch::TrapFrame* frame);
}
