// SPDX-License-Identifier: MIT
// The closed list of supervisor pages that a user table holds in the isolated design: entry text,
// exit text and the per-CPU entry areas; and where the user table of a program with an LDT holds
// more. It is what build_kernel_tables maps, and what a user table is compared with when a process
// ends.
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

/// What the manifest calls a supervisor page at `address` of a user table, be it every program's or
/// of those with an LDT; empty if it must not be there. `writable`: as it is mapped.
std::string_view name_in_manifest(VirtualAddress address, bool writable);

}  // namespace ringfence::kernel::arch
