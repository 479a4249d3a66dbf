// SPDX-License-Identifier: MIT
// Instructions of the kernel that may fault on user memory, and where each goes on if it does.
#pragma once

#include "base/address.h"

namespace ringfence::kernel::arch {

/// 0 if `instruction` must not fault.
[[nodiscard]] VirtualAddress find_fault_continuation(VirtualAddress instruction);

}  // namespace ringfence::kernel::arch
