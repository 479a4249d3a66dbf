// SPDX-License-Identifier: MIT
// Which design runs, for those who report it.
#pragma once

#include "abi/control_channel.h"

namespace ringfence::kernel::arch {

/// As decided at boot; kernel_arch/isolation_control.h tells what holds now.
[[nodiscard]] abi::control::Isolation isolation_status();

}  // namespace ringfence::kernel::arch
