// SPDX-License-Identifier: MIT
// The unmodified Linux kernel that tests boot.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace ringfence::end_to_end {

/// Debian's vmlinuz, which `./dev kernel` fetches: in the directory that RINGFENCE_LINUX names, or
/// where that command puts it.
inline std::string linux_kernel() {
    const char* const given = std::getenv("RINGFENCE_LINUX");
    const std::filesystem::path directory =
        given != nullptr && *given != '\0' ? given : RINGFENCE_LINUX_DIRECTORY;
    const auto file = directory / "vmlinuz";
    EXPECT_TRUE(std::filesystem::exists(file)) << file << " is missing: run './dev kernel' first";
    return file.string();
}

}  // namespace ringfence::end_to_end
