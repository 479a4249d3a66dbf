// SPDX-License-Identifier: MIT
// Exceptions of user code as Linux reports them to the program.
#pragma once

#include <string_view>

#include "kernel/core/entry_points.h"
#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel::arch {

/// The signal for an exception other than a page fault. [linux/abi]: arch/x86/kernel/traps.c
[[nodiscard]] UserException user_exception(const TrapFrame& frame);

/// The manual's name of a vector, such as "general protection".
[[nodiscard]] std::string_view exception_name(u64 vector);

}  // namespace ringfence::kernel::arch
