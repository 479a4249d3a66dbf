// SPDX-License-Identifier: MIT
// The kernel command line: words separated by blanks, `name` or `name=value`.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace ringfence::kernel {

/// What follows `name=` in the last such word of `line`; an empty text for the bare word `name`;
/// nothing if neither is there. "--" ends the kernel's part.
[[nodiscard]] std::optional<std::string_view> find_option(std::string_view line,
                                                          std::string_view name);

/// Takes each word `name` or `name=value` of the kernel's part out of `line`, in place. Gives what
/// is left.
[[nodiscard]] std::string_view remove_option(std::span<char> line, std::string_view name);

/// The bare word `name` is there.
[[nodiscard]] bool has_flag(std::string_view line, std::string_view name);

}  // namespace ringfence::kernel
