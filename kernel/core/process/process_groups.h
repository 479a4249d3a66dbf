// SPDX-License-Identifier: MIT
// Process groups and sessions.
#pragma once

#include "base/types.h"

namespace ringfence::kernel {

/// True if no member of the group has a parent in the same session but another group: nobody is
/// left who could continue the group once it stops. [linux/abi]: setpgid(2)
[[nodiscard]] bool is_orphaned_group(u32 group);
/// A process that linked the group with the rest of its session is gone. If the group is orphaned
/// now and one of it is stopped, all get SIGHUP and SIGCONT. [linux/abi]: setpgid(2), _exit(2)
void end_stop_of_orphans(u32 group);

}  // namespace ringfence::kernel
