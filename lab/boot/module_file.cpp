// SPDX-License-Identifier: MIT
#include "lab/boot/module_file.h"

#include <filesystem>

#include "base/types.h"
#include "lab/pack/host_files.h"

namespace ringfence::lab::boot {

ModuleFile ModuleFile::load(const std::string& typed, Naming naming) {
    std::string path = typed;
    std::string text;
    const usize equals = typed.find('=');
    std::error_code error;
    if (naming == Naming::WithText && equals != std::string::npos &&
        !std::filesystem::exists(typed, error)) {
        path = typed.substr(0, equals);
        text = typed.substr(equals + 1);
    }
    return {.name = std::filesystem::path(path).filename().string(),
            .bytes = pack::read_host_file(path, Failure::Own).bytes,
            .command_line = text};
}

void name_modules(std::vector<ModuleFile>& files) {
    for (ModuleFile& file : files) {
        file.command_line = file.name + (file.command_line.empty() ? "" : " ") + file.command_line;
    }
}

}  // namespace ringfence::lab::boot
