// SPDX-License-Identifier: MIT
// Whose priorities may be changed.
#pragma once

#include "kernel/core/process/process.h"

namespace ringfence::kernel::syscalls {

inline constexpr i32 lowest_nice = -20;
inline constexpr i32 highest_nice = 19;

/// Whether RLIMIT_NICE or its privileges let the caller give `process` this nice value, which is
/// lower than the one it has. [linux/abi]: getrlimit(2), RLIMIT_NICE
[[nodiscard]] bool may_lower_nice(const Process& process, i32 nice);

}  // namespace ringfence::kernel::syscalls
