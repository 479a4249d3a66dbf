// SPDX-License-Identifier: MIT
// Isolation as /proc shows it: `required`, `requested`, `enabled` and `effective`, a line each,
// with the answer as the second word and its reason behind a colon. What is required and requested
// is what was decided on, `enabled` is which tables are loaded, and `effective` is found out by
// walking those tables when the file is opened.
#pragma once

#include "kernel/core/containers/string.h"
#include "kernel/core/process/process.h"

namespace ringfence::kernel {

[[nodiscard]] Fallible<String> isolation_of_system(u32 subject);
[[nodiscard]] String isolation_of(const Process& process);

}  // namespace ringfence::kernel
