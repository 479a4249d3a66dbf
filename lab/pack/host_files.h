// SPDX-License-Identifier: MIT
// Brings files of the host into the guest's tree, as they are: bytes, permissions, times,
// symbolic links.
#pragma once

#include <string>
#include <vector>

#include "base/types.h"
#include "lab/error.h"
#include "lab/pack/guest_tree.h"

namespace ringfence::lab::pack {

struct HostFile {
    std::string bytes;
    u32 permissions;
    u32 modified;  ///< seconds since 1970; what does not fit becomes the nearest that does
};

/// Reads a whole regular file, symbolic links followed. A missing file is Failure::NotFound, one
/// that cannot be read, or is no regular file, the failure that the caller names.
[[nodiscard]] HostFile read_host_file(const std::string& path, Failure otherwise);

/// Copies the file or directory `host_path` into the tree as `guest_path`; a directory with all
/// that it holds, in name order. Symbolic links below it stay links. Sockets, pipes and devices are
/// left out, each with a line in `notes`. What cannot be read is an error, not a gap.
void add_host_path(GuestTree& tree, const std::string& host_path, const std::string& guest_path,
                   std::vector<std::string>& notes);

}  // namespace ringfence::lab::pack
