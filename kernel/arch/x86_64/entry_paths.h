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
#include "kernel_arch/design.h"

namespace ringfence::kernel::arch {

/// Fills both interrupt descriptor tables and the constant MSRs of SYSCALL, and selects `design`.
/// The entry area must be mapped.
void set_up_entry_paths(Design design);

/// From now on user mode enters and leaves by the paths of `design`. With interrupts off, and with
/// a table loaded that maps the kernel.
void select_entry_paths(Design design);

/// The design of the paths that are selected.
[[nodiscard]] Design selected_design();

/// The running thread's kernel stack, where entries in the shared design begin.
void set_kernel_stack(VirtualAddress top);

/// Entries and exits of the isolated design so far, each of which writes the root once.
[[nodiscard]] u64 isolated_crossings();

}  // namespace ringfence::kernel::arch
