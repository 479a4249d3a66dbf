// SPDX-License-Identifier: MIT
// What the command itself says, on standard error, under its own name.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace ringfence::lab {

/// Prints "ringfence: ..." and a newline on standard error.
template <typename... Arguments>
void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    const std::string line =
        fmt::format("ringfence: {}\n", fmt::format(format, std::forward<Arguments>(arguments)...));
    std::fputs(line.c_str(), stderr);
}

}  // namespace ringfence::lab
