// SPDX-License-Identifier: MIT
// What the entry and exit code needs of a CPU, at the kernel's GS base. Not in any user table.
#pragma once

#include "base/types.h"

namespace ringfence::kernel::arch {

using ExitPath = void (*)();

/// The exit code of a design. Entry code jumps to what C++ chose of it.
struct ExitPaths {
    ExitPath by_iret = nullptr;    ///< restores everything
    ExitPath by_sysret = nullptr;  ///< for a frame that SYSRET can restore
};

/// Vectors that are handled on a stack of their own when they interrupt kernel mode.
inline constexpr unsigned paranoid_vectors = 4;

/// At a fixed address, like the entry area; but only the kernel's tables have it.
struct CpuState {
    u64 kernel_stack_top = 0;  ///< of the running thread
    /// Isolated design: CR3 for user mode; NO_FLUSH is clear exactly when its PCID owes a flush.
    u64 exit_root = 0;
    ExitPaths exits;  ///< of the design that is selected (entry_paths.h)
    /// One past the stack of each vector, in the order of InterruptStack (descriptor_tables.h).
    u64 paranoid_stack_tops[paranoid_vectors] = {};
    /// Where the exit to a 16-bit stack segment builds its frame (ldt.h); one past it.
    u64 espfix_stack_end = 0;
    /// What CR3 must be for the active program's user half to be in reach (late_root.h); 0 if it is
    /// so for certain. Set: it may be that of another table, or the right one since a return to
    /// user mode. Audits know its place (lab/prove/ringfence.toml).
    u64 late_root = 0;
};

/// Counts for abi::control::Statistics. Interrupts are off wherever they change.
struct EntryCounters {
    u64 system_calls = 0;
    u64 interrupts = 0;
    u64 page_faults = 0;
    u64 other_exceptions = 0;
    u64 entries_from_user = 0;
    u64 exits_to_user = 0;
    u64 thread_switches = 0;
    u64 root_writes = 0;       ///< by C++: changes of address space and flushes
    u64 paranoid_entries = 0;  ///< from kernel mode; each comes and goes
};

extern EntryCounters entry_counters;

}  // namespace ringfence::kernel::arch

extern "C" ringfence::kernel::arch::CpuState cpu_state;
