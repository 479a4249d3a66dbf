// SPDX-License-Identifier: MIT
// Files that a kernel finds in memory, as users name them.
#pragma once

#include <string>
#include <vector>

namespace ringfence::lab::boot {

enum class Naming {
    Whole,     ///< what was typed is a path
    WithText,  ///< FILE, or FILE=TEXT
};

struct ModuleFile {
    /// Throws Failure::Own or Failure::NotFound. A file whose own name has a "=" is found as such.
    [[nodiscard]] static ModuleFile load(const std::string& typed, Naming naming);

    std::string name;  ///< without its directory
    std::string bytes;
    std::string command_line{};
};

/// Puts each file's name in front of its command line, as multiboot loaders do.
void name_modules(std::vector<ModuleFile>& files);

}  // namespace ringfence::lab::boot
