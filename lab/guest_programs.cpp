// SPDX-License-Identifier: MIT
#include "lab/guest_programs.h"

#include <cstdlib>
#include <filesystem>

namespace ringfence::lab {

std::string guest_program_path(const std::string& name) {
    const char* from_environment = std::getenv("RINGFENCE_GUESTS");
    if (from_environment != nullptr && *from_environment != '\0') {
        return (std::filesystem::path(from_environment) / name).string();
    }
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    return (self.parent_path() / "guest" / name).string();
}

}  // namespace ringfence::lab
