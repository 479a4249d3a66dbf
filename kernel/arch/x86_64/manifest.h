// SPDX-License-Identifier: MIT
// The closed list of supervisor pages that a user table holds in the isolated design: entry text,
// exit text and the per-CPU entry areas. It is what build_kernel_tables maps, and what a user table
// is compared with when a process ends.
#pragma once

#include <span>
#include <string_view>

#include "base/address.h"
#include "base/types.h"
#include "paging/attributes.h"

namespace ringfence::kernel::arch {

struct ManifestEntry {
    VirtualAddress start;
    PhysicalAddress frame;
    u64 size;
    paging::Attributes attributes;
    std::string_view name;
};

/// In order of address. The entry area must have been allocated.
std::span<const ManifestEntry> manifest();

}  // namespace ringfence::kernel::arch
