// SPDX-License-Identifier: MIT
// An open directory: nothing but a position for getdents. Also serves as the O_PATH handle of any
// file, which can be named but not read.
#pragma once

#include "kernel/core/fs/open_file.h"

namespace ringfence::kernel {

class DirectoryFile final : public OpenFile {
public:
    using OpenFile::OpenFile;
};

}  // namespace ringfence::kernel
