// SPDX-License-Identifier: MIT
// /sys: the few files of it that programs look for. [linux/abi]: Documentation/ABI/
#pragma once

#include "kernel/core/fs/inode.h"

namespace ringfence::kernel {

inline constexpr DeviceNumber sys_device{0, 6};

/// The directory that is mounted on /sys; `parent` is the directory above it.
[[nodiscard]] Ref<Inode> make_sysfs(Ref<Inode> parent);

}  // namespace ringfence::kernel
