// SPDX-License-Identifier: MIT
// What the command throws when it cannot go on. It carries the one line that the user reads, and
// reaches exactly one handler, in main.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace ringfence::lab {

/// Why the command failed. Each verb maps it to an exit status: `run` to those of timeout(1) and
/// env(1), every other verb to 255.
enum class Failure {
    Usage,      ///< the command line makes no sense
    Own,        ///< the command itself failed: a file, the machine, the kernel
    CannotRun,  ///< the program exists but cannot be run
    NotFound,   ///< the program, its interpreter or one of its libraries does not exist
};

class LabError : public std::runtime_error {
public:
    /// `message` is one line without a final newline: what, where, and what was expected.
    LabError(Failure failure, const std::string& message)
        : std::runtime_error(message), failure_(failure) {}

    [[nodiscard]] Failure failure() const { return failure_; }

private:
    Failure failure_;
};

/// Throws a LabError with a formatted message.
template <typename... Arguments>
[[noreturn]] void fail(Failure failure, fmt::format_string<Arguments...> format,
                       Arguments&&... arguments) {
    throw LabError(failure, fmt::format(format, std::forward<Arguments>(arguments)...));
}

}  // namespace ringfence::lab
