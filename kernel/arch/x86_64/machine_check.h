// SPDX-License-Identifier: MIT
// Machine checks: the hardware tells of an error of its own.
#pragma once

namespace ringfence::kernel::arch {

/// Called once for each #MC, whatever it interrupted. True: the error was corrected, nothing is
/// lost, and the interrupted code may go on; that it came is logged. False: the kernel must stop.
[[nodiscard]] bool survive_machine_check();

}  // namespace ringfence::kernel::arch
