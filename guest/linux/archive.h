// SPDX-License-Identifier: MIT
// Lays a cpio "newc" archive over the root, as the kernel does with an initramfs. [cpio/newc]
#pragma once

#include <cstddef>

namespace linux_guest {

/// Directories that exist keep what they hold; anything else of the same path is replaced. False
/// after complaining.
bool unpack(const char* archive, std::size_t bytes);

}  // namespace linux_guest
