// SPDX-License-Identifier: MIT
// The floating point units: on for programs, and why they raised an exception.
#pragma once

#include "base/types.h"

namespace ringfence::kernel::arch {

/// Turns the x87 FPU and SSE on. Once, at boot.
void enable_fpu();

/// Why the last floating point exception was raised, as FPE_* of siginfo. [linux/abi]: sigaction(2)
[[nodiscard]] i32 x87_fault_code();
[[nodiscard]] i32 sse_fault_code();

}  // namespace ringfence::kernel::arch
