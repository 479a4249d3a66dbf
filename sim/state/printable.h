// SPDX-License-Identifier: MIT
// Text that may be shown: valid UTF-8 without control characters.
#pragma once

#include <string>
#include <string_view>

namespace ringfence::sim::state {

[[nodiscard]] bool is_printable(std::string_view text);

/// The text with a question mark for each byte that may not be shown.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace ringfence::sim::state
