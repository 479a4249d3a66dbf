// SPDX-License-Identifier: MIT
// Turning to another program, the kernel may leave the table loaded that it has: all kernel tables
// are equal but for the user half, and the way to user mode loads the program's own user table from
// whichever. A write to CR3 that nothing needs is a fifth of a system call's isolation. So the
// program's kernel table is late: loaded when its user half is touched, or a translation removed.
// It then stays until the kernel turns to another program: no page fault of a touch sleeps.
//
// Only for programs in the isolated design, whose exit and next entry load a root anyway, and
// without an LDT, which lies at the same address in each table.
#pragma once

#include "base/address.h"
#include "base/types.h"
#include "kernel/arch/x86_64/cpu_state.h"

namespace ringfence::kernel::arch {

/// What is wanted of user memory.
enum class UserAccess : u8 { Read, Write };

/// `root`, which keeps its translations, is the active program's; it is loaded when it is needed.
/// Replaces what was late before.
void let_root_be_late(u64 root);
/// The root that is loaded next is nobody's business but its loader's.
inline void forget_late_root() {
    cpu_state.late_root = 0;
}

void load_late_root();
/// From now on CR3 is that of the active program.
inline void need_root() {
    if (cpu_state.late_root != 0) {
        load_late_root();
    }
}

/// reach_user_memory while the root is late.
u8* reach_without_root(VirtualAddress start, usize bytes, UserAccess access);

/// How to reach [start, start + bytes), which is in the user half, while the root is late: a few
/// accesses within a page that the program has used in the same way before go by the direct map,
/// for less than a root costs, and get their address there. For all others it is null, and the root
/// is loaded: use `start` itself.
inline u8* reach_user_memory(VirtualAddress start, usize bytes, UserAccess access) {
    return cpu_state.late_root == 0 ? nullptr : reach_without_root(start, bytes, access);
}

}  // namespace ringfence::kernel::arch
