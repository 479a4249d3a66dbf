// SPDX-License-Identifier: MIT
// The mounted file systems, which are always the same. [linux/abi]: proc(5)
#pragma once

#include "kernel/core/containers/string.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/metadata.h"

namespace ringfence::kernel {

/// /proc/mounts and /proc/PID/mounts.
Fallible<String> mounts_text(u32);
/// /proc/PID/mountinfo, by which programs relate st_dev to mounts.
Fallible<String> mount_information(u32);

/// The number of the mount that shows a file system: for those that are mounted nowhere, such as
/// that of pipes, one that no mount in the list has.
[[nodiscard]] u64 mount_number(DeviceNumber file_system);

}  // namespace ringfence::kernel
