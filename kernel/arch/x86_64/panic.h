// SPDX-License-Identifier: MIT
// How the kernel stops itself: what happened, the registers, where it was, and the machine ends.
#pragma once

#include <string_view>

#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel::arch {

/// Stops because of a trap that the kernel cannot answer; `address` is CR2 for a page fault.
[[noreturn]] void panic_with_frame(std::string_view message, const TrapFrame& frame,
                                   VirtualAddress address = {});

}  // namespace ringfence::kernel::arch
