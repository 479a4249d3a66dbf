// SPDX-License-Identifier: MIT
// Entries of PAE paging: four page-directory pointers, then two levels of 512 eight-byte entries,
// 4 KiB and 2 MiB pages.
//
//   level 3  page-directory pointers  bits 31:30   table; loaded into registers by MOV to CR3
//   level 2  page directory           bits 29:21   table or 2 MiB page (PS = 1)
//   level 1  page table               bits 20:12   4 KiB page
#pragma once

#include "arch/x86/pte_4level.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 4.4.1, table 4-8: a page-directory-pointer-table entry (PDPTE). It has no rights:
/// every bit that is not named here is reserved or ignored.
struct PdptePae {
    using Word = u64;
    static constexpr Flag<0> present{};
    static constexpr Bitfield<1, 2> reserved_low{};
    static constexpr Flag<3> pwt{};
    static constexpr Flag<4> pcd{};
    static constexpr Bitfield<5, 4> reserved_middle{};
    static constexpr Bitfield<9, 3> software{};
    static constexpr Bitfield<12, 40> frame{};
    static constexpr Bitfield<52, 12> reserved_high{};

    /// The bits that MOV to CR3 checks in a present entry (#GP(0) if set).
    static constexpr u64 reserved_bits(unsigned physical_bits) {
        return reserved_low.mask | reserved_middle.mask | reserved_high.mask |
               (frame.mask & ~low_mask(physical_bits));
    }
};

/// [intel/vol3]: 4.4.2, tables 4-9 to 4-11: levels 2 and 1. As in 4-level paging, but bits 62:52
/// are reserved and there are no protection keys.
struct PtePae {
    using Word = u64;
    static constexpr auto present = Pte4Level::present;
    static constexpr auto writable = Pte4Level::writable;
    static constexpr auto user = Pte4Level::user;
    static constexpr auto pwt = Pte4Level::pwt;
    static constexpr auto pcd = Pte4Level::pcd;
    static constexpr auto accessed = Pte4Level::accessed;
    static constexpr auto dirty = Pte4Level::dirty;
    static constexpr auto page_size = Pte4Level::page_size;  ///< level 2: a 2 MiB page
    static constexpr auto pat = Pte4Level::pat;              ///< level 1
    static constexpr auto global = Pte4Level::global;
    static constexpr auto software = Pte4Level::software;
    static constexpr auto frame = Pte4Level::frame;
    static constexpr auto large_pat = Pte4Level::large_pat;
    static constexpr auto large_2m_reserved = Pte4Level::large_2m_reserved;
    static constexpr auto large_2m_frame = Pte4Level::large_2m_frame;
    static constexpr Bitfield<52, 11> reserved_high{};
    static constexpr auto nx = Pte4Level::nx;

    /// The bits that must be 0 in every present entry, besides `nx` while EFER.NXE = 0 and
    /// `large_2m_reserved` in 2 MiB pages.
    static constexpr u64 reserved_bits(unsigned physical_bits) {
        return reserved_high.mask | (frame.mask & ~low_mask(physical_bits));
    }
};
static_assert(PdptePae::reserved_bits(36) == 0xffff'fff0'0000'01e6);
static_assert(PtePae::reserved_bits(36) == 0x7fff'fff0'0000'0000);

}  // namespace ringfence::arch::x86
