// SPDX-License-Identifier: MIT
// The mounted file systems, which are always the same. [linux/abi]: proc(5)
#pragma once

#include "kernel/core/containers/string.h"
#include "kernel/core/errors.h"

namespace ringfence::kernel {

/// /proc/mounts and /proc/PID/mounts.
Fallible<String> mounts_text(u32);
/// /proc/PID/mountinfo, by which programs relate st_dev to mounts.
Fallible<String> mount_information(u32);

}  // namespace ringfence::kernel
