// SPDX-License-Identifier: MIT
// Which design runs, for those who report it.
#pragma once

#include "abi/control_channel.h"

namespace ringfence::kernel::arch {

/// As decided at boot; it does not change.
[[nodiscard]] abi::control::Isolation isolation_status();

}  // namespace ringfence::kernel::arch
