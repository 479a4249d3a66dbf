// SPDX-License-Identifier: MIT
// The types that a target description defines for its registers.
#pragma once

#include <string>
#include <string_view>

namespace ringfence::lab::gdb {

/// The definitions that a feature of the description begins with; empty for one that needs none.
[[nodiscard]] std::string types_of(std::string_view feature);

}  // namespace ringfence::lab::gdb
