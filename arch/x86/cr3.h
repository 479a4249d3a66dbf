// SPDX-License-Identifier: MIT
// CR3: the root of the page tables, and what a write to it may leave in the TLB.
#pragma once

#include "base/address.h"
#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 4.5.2, table 4-12 (no PCID), table 4-13 (CR4.PCIDE = 1); 32-bit: table 4-3; PAE:
/// table 4-7
struct Cr3 {
    static constexpr Flag<3> pwt{};                ///< write-through root; only while CR4.PCIDE = 0
    static constexpr Flag<4> pcd{};                ///< uncached root; only while CR4.PCIDE = 0
    static constexpr Bitfield<0, 12> pcid{};       ///< only while CR4.PCIDE = 1
    static constexpr Bitfield<5, 27> pae_table{};  ///< PAE: the 32-byte aligned table of 4 entries
    static constexpr Bitfield<12, 40> table{};     ///< frame number of the root table
    /// With CR4.PCIDE = 1, a MOV to CR3 with this bit set keeps the TLB entries of the new PCID;
    /// it is never stored. With PCIDE = 0 it is reserved: #GP(0). [intel/vol3]: 4.10.4.1
    static constexpr Flag<63> no_flush{};

    static constexpr u64 pcid_count = 4096;

    /// The physical address of a 4 KiB root table (every mode but PAE).
    static constexpr PhysicalAddress root(u64 cr3) { return PhysicalAddress{cr3 & table.mask}; }
    /// The physical address of the four page-directory-pointer entries in PAE mode.
    static constexpr PhysicalAddress pae_root(u64 cr3) {
        return PhysicalAddress{cr3 & pae_table.mask};
    }
    /// The value to load for `root` (4 KiB aligned) tagged `pcid_value`; a flush of that PCID
    /// unless `no_flush` is set as well.
    static constexpr u64 make(PhysicalAddress root, u64 pcid_value = 0) {
        return root.value() | pcid.make(pcid_value);
    }
};
static_assert(Cr3::table.mask == 0x000f'ffff'ffff'f000);
static_assert(Cr3::pae_table.mask == 0xffff'ffe0);
static_assert(Cr3::no_flush.mask == 0x8000'0000'0000'0000);

}  // namespace ringfence::arch::x86
