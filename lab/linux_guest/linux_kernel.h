// SPDX-License-Identifier: MIT
// The unmodified Linux that a user names with --kernel.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "lab/boot/kernel_file.h"

namespace ringfence::lab::linux_guest {

class LinuxKernel {
public:
    /// Reads the file. `append` goes to the end of every command line. Throws Failure::Own.
    LinuxKernel(std::string path, std::string append);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const std::string& append() const { return append_; }
    /// As the file has it.
    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    /// Decompressed and looked at, once, when first asked for. May be called by any thread. Throws
    /// Failure::Own, also if it is no Linux.
    [[nodiscard]] const boot::KernelFile& loaded() const;

private:
    std::string path_;
    std::string append_;
    std::string bytes_;
    mutable std::mutex mutex_;
    mutable std::optional<boot::KernelFile> loaded_;
};

}  // namespace ringfence::lab::linux_guest
