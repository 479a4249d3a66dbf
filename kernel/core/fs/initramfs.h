// SPDX-License-Identifier: MIT
// The root file system as the host packed it.
#pragma once

#include <span>

#include "kernel/core/fs/tmpfs.h"

namespace ringfence::kernel {

/// Puts the members of a cpio archive into `root`. File contents stay in `archive`, which must
/// live for ever. Gives an explanation if the archive is defective; what came before stays.
Result<void, String> unpack_initramfs(TmpfsDirectory& root, std::span<const u8> archive);

}  // namespace ringfence::kernel
