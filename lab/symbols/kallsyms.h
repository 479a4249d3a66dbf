// SPDX-License-Identifier: MIT
// The symbols that a Linux kernel carries for itself (CONFIG_KALLSYMS), found in its image. Nothing
// says where they are: the tables are known by how they fit together.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/types.h"

namespace ringfence::lab::symbols {

struct KallsymsEntry {
    u64 address;
    char type;  ///< as nm(1) prints it
    std::string name;
};

/// In the kernel's order, which is that of addresses. Nothing if the image has no such tables, or
/// they are laid out as in no kernel that is known here: those from 4.6 on that have
/// CONFIG_KALLSYMS_BASE_RELATIVE, with the offsets in front of the names (to 6.3) or behind the
/// tokens (from 6.4). Any bytes are safe to look at.
[[nodiscard]] std::optional<std::vector<KallsymsEntry>> find_kallsyms(std::span<const u8> image);

}  // namespace ringfence::lab::symbols
