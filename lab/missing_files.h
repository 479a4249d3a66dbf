// SPDX-License-Identifier: MIT
// What a program may have failed for: files that the host has and the guest was not given.
#pragma once

#include <string>
#include <string_view>

namespace ringfence::lab {

/// A line about those of `paths` (each with a NUL behind it) that this host has; empty if there are
/// none. What the kernel provides by itself is not counted.
[[nodiscard]] std::string explain_missing_files(std::string_view paths);

}  // namespace ringfence::lab
