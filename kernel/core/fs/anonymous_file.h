// SPDX-License-Identifier: MIT
// Files that exist as descriptors only, such as eventfd's.
#pragma once

#include <string_view>

#include "kernel/core/fs/open_file.h"

namespace ringfence::kernel {

class AnonymousFile : public OpenFile {
public:
    /// `flags` may hold O_NONBLOCK; `name` is how Linux calls the kind, for /proc: "[eventfd]".
    AnonymousFile(OpenFlags flags, std::string_view name, u32 access = OpenFlags::read_write);

    [[nodiscard]] bool seekable() const final { return false; }
};

}  // namespace ringfence::kernel
