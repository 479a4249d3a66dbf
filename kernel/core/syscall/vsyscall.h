// SPDX-License-Identifier: MIT
// Calls of the vsyscall page. [linux/abi]: vdso(7)
#pragma once

#include "base/address.h"
#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel {

/// A program has jumped to `address`, in the vsyscall page. Does what the call there does, and goes
/// back to its caller. SIGSEGV where no call begins, and for a bad pointer or stack: a call that
/// reports no such errors has no way to say so.
void emulate_vsyscall(arch::TrapFrame& frame, VirtualAddress address);

}  // namespace ringfence::kernel
