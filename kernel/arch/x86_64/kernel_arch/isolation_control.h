// SPDX-License-Identifier: MIT
// Which design programs run in, by default; it can be changed while the kernel runs.
#pragma once

#include "kernel_arch/design.h"

namespace ringfence::kernel::arch {

/// The design of programs that have chosen none: what boot decided until it is changed.
[[nodiscard]] Design system_design();

/// Changes it. Address spaces that exist are the caller's business (AddressSpace::prepare_design).
void set_system_design(Design design);

}  // namespace ringfence::kernel::arch
