// SPDX-License-Identifier: MIT
// The files that programs looked for and did not find, for the user who forgot to bring one along.
#pragma once

#include <string_view>

#include "kernel/core/containers/string.h"

namespace ringfence::kernel {

/// Remembers an absolute path; others, and what no longer fits, are left out. The last ones stay.
void note_missing_file(std::string_view path);

/// What is remembered, the oldest first, each path with a NUL behind it.
[[nodiscard]] String missing_files();

}  // namespace ringfence::kernel
