// SPDX-License-Identifier: MIT
// Process groups and sessions.
#pragma once

#include "base/types.h"

namespace ringfence::kernel {

/// True if no member of the group has a parent in the same session but another group: nobody is
/// left who could continue the group once it stops. [linux/abi]: setpgid(2)
[[nodiscard]] bool is_orphaned_group(u32 group);

}  // namespace ringfence::kernel
