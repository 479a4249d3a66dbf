// SPDX-License-Identifier: MIT
// "Did you mean": the known name that a mistyped one is closest to.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringfence::lab {

/// The candidate with the fewest single-letter changes (insert, delete, replace, swap neighbours)
/// from `typed`, the first of equals; nothing when even that is too far off to be meant.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view typed,
                                                      std::span<const std::string> candidates);

/// ", did you mean 'X'?" or an empty string.
[[nodiscard]] std::string did_you_mean(std::string_view typed,
                                       std::span<const std::string> candidates);

}  // namespace ringfence::lab
