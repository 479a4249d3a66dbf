// SPDX-License-Identifier: MIT
// The names of Linux's x86-64 system calls, for reports.
#pragma once

#include <string>

#include "base/types.h"

namespace ringfence::lab {

/// "openat", or "system call 999" for a number that Linux 6.1 does not have.
[[nodiscard]] std::string syscall_name(u64 number);

}  // namespace ringfence::lab
