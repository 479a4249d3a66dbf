// SPDX-License-Identifier: MIT
// The archive format of an initramfs: cpio "newc". [cpio/newc]
#pragma once

#include <string>

#include "lab/pack/guest_tree.h"

namespace ringfence::lab::pack {

/// Packs a tree. The same tree gives the same bytes: entries in path order, inode numbers in that
/// order from 1, owner root. Throws when a file has 4 GiB or more, which the format
/// cannot express.
[[nodiscard]] std::string write_cpio(const GuestTree& tree);

}  // namespace ringfence::lab::pack
