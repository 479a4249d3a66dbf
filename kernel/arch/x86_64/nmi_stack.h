// SPDX-License-Identifier: MIT
// When the NMI's IST stack holds a frame that is still needed.
#pragma once

#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel::arch {

/// Whether `interrupted`, of kernel mode, is the handling of an NMI whose frame lies on the IST
/// stack: another NMI would overwrite it. Its stack pointer then is the kernel's.
[[nodiscard]] bool is_nmi_stack_in_use(const TrapFrame& interrupted);

}  // namespace ringfence::kernel::arch
