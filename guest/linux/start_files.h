// SPDX-License-Identifier: MIT
// The boot files that say which program to run (abi/boot_files.h), as execve wants them.
#pragma once

#include <array>
#include <cstddef>

namespace linux_guest {

/// A boot file's strings, in memory that stays.
class Strings {
public:
    /// False, and errno says why, if the file cannot be read or is too large.
    bool read(const char* path);
    [[nodiscard]] char** pointers() { return pointers_.data(); }

private:
    static constexpr std::size_t most_strings = 4096;
    std::array<char*, most_strings + 1> pointers_{};  ///< the last one is null
    std::array<char, 1 << 20> bytes_{};
};

struct Start {
    Strings executable;
    Strings arguments;
    Strings environment;

    /// Reads all; false after complaining.
    bool read();
    /// Executes the program; comes back if that fails (errno).
    void execute();
};

bool exists(const char* path);

/// Mounts /dev, /proc and /sys; complains of each that cannot be.
void mount_kernels_own();

/// Brings the loopback interface up, with 127.0.0.1/8, as every init does; complains if that fails.
void bring_up_loopback();

}  // namespace linux_guest
