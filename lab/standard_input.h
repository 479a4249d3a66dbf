// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace ringfence::lab {

enum class StandardInputKind {
    Terminal,    ///< and ours to read
    Background,  ///< a terminal, but reading it would stop the process (SIGTTIN)
    Stream,      ///< a file, a pipe, closed, ...
};
[[nodiscard]] StandardInputKind standard_input_kind();

/// Everything on standard input; nothing if a person is at it, or it is closed. Throws Failure::Own
/// if it cannot be read.
[[nodiscard]] std::string read_standard_input();

}  // namespace ringfence::lab
