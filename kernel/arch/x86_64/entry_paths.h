// SPDX-License-Identifier: MIT
// Which ways lead into the kernel and out of it: those of the design in which the running program
// runs. Each design has entry and exit code of its own, so no path tests for the design.
//
// A change is safe at every instruction. It happens in the kernel, on a kernel root, with
// interrupts off, so that no entry from user mode comes before it is complete; and NMI, #MC, #DB
// and #DF, which may come in between, find their way by CR3 and GS base in both designs
// (paranoid.S).
#pragma once

#include "base/address.h"
#include "base/types.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel_arch/design.h"
#include "kernel_arch/entry_setting.h"

namespace ringfence::kernel::arch {

/// Fills both interrupt descriptor tables and the constant MSRs of SYSCALL, and selects `design`.
/// The entry area must be mapped.
void set_up_entry_paths(Design design);

/// From now on user mode enters and leaves by the paths of the setting's design, and loads
/// selectors from its LDT. With interrupts off, and with a table loaded that maps the kernel.
void select_entry_paths(EntrySetting setting);
/// The same for the LDT of the active address space after a change of it, even if it is in the same
/// place.
void select_changed_ldt(EntrySetting setting);
/// `ldt` will not be there any more: if it is selected, none is.
void forget_ldt(const Ldt& ldt);

/// The ways out of the selected design, for a program with an LDT to choose among (ldt_exit.cpp).
struct ExitsWithLdt {
    ExitPaths ordinary;
    ExitPath to_16bit_stack;  ///< IRET from the stack at CpuState::espfix_stack_end
};
[[nodiscard]] ExitsWithLdt exits_with_ldt();

/// The design of the paths that are selected.
[[nodiscard]] Design selected_design();

/// The running thread's kernel stack, where entries in the shared design begin.
void set_kernel_stack(VirtualAddress top);

/// Entries and exits of the isolated design so far, each of which writes the root once.
[[nodiscard]] u64 isolated_crossings();

}  // namespace ringfence::kernel::arch
