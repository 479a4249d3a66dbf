// SPDX-License-Identifier: MIT
// Walking paths on behalf of the running process.
#pragma once

#include "kernel/core/fs/path.h"

namespace ringfence::kernel {

/// Relative paths start at the working directory.
[[nodiscard]] WalkContext current_walk_context();
/// Relative paths start at the open directory `descriptor`, or at the working directory for
/// AT_FDCWD (-100).
Fallible<WalkContext> walk_context_at(i32 descriptor);

}  // namespace ringfence::kernel
