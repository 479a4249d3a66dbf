// SPDX-License-Identifier: MIT
// Runs commands as a user would and keeps all that can be seen of them.
#pragma once

#include <string>
#include <vector>

namespace ringfence::end_to_end {

struct Outcome {
    int status = -1;  ///< as a shell's $?: 128 + N for a fatal signal
    std::string output;
    std::string error;
    double seconds = 0;
};

struct CommandOptions {
    std::string input{};                     ///< standard input
    std::vector<std::string> environment{};  ///< all of it
    std::string directory = "/";
    /// Send `signal` as soon as standard output holds `signal_after`.
    int signal = 0;
    std::string signal_after{};
    /// Close our end of standard output after so many bytes; 0: read all.
    size_t close_after = 0;
    std::string output_file{};      ///< standard output goes here and not into Outcome
    double patience_seconds = 300;  ///< many times what a run takes: hosts may be busy
};

/// Runs `command` to its end. Fails the test if it cannot be started, takes longer
/// than it may, or leaves a process behind.
[[nodiscard]] Outcome execute(const std::vector<std::string>& command,
                              const CommandOptions& options = {});

/// `ringfence ARGUMENTS...` with a plain environment.
[[nodiscard]] Outcome ringfence(const std::vector<std::string>& arguments,
                                CommandOptions options = {});

/// The command on this host, with the environment that guests have, and without the vector
/// extensions that would let the C library choose other code than in the guest.
[[nodiscard]] Outcome on_host(const std::vector<std::string>& command, CommandOptions options = {});

/// A guest program by its name, and a file of the source tree by its path.
[[nodiscard]] std::string guest_program(const std::string& name);
[[nodiscard]] std::string source_file(const std::string& path);

}  // namespace ringfence::end_to_end
