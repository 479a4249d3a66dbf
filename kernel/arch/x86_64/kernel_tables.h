// SPDX-License-Identifier: MIT
// The kernel's own tables: the half that all processes share, and the part of it that user tables
// get.
#pragma once

#include "base/address.h"
#include "paging/attributes.h"

namespace ringfence::kernel::arch {

/// A piece of RAM to be mapped at its place in the direct map.
struct RamRange {
    PhysicalAddress start;
    PhysicalAddress end;
};

/// Builds the tables from nothing; memory problems stop the kernel. The direct map gets the pieces
/// of RAM without the kernel's image. The entry area must have been allocated.
void build_kernel_tables(const RamRange* ram, usize count);

/// Root of a table that has the kernel half and no user half (PCID 0). In the isolated design it is
/// the first half of a pair, as every root is.
[[nodiscard]] PhysicalAddress kernel_root();

/// Fills the kernel half of a new, zeroed kernel root, and of its user root in the isolated design.
void fill_kernel_half(PhysicalAddress kernel_root);
void fill_user_manifest(PhysicalAddress user_root);

/// Maps device registers (uncached) where only the kernel sees them.
[[nodiscard]] VirtualAddress map_device(PhysicalAddress registers);

}  // namespace ringfence::kernel::arch
