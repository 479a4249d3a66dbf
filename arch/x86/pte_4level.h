// SPDX-License-Identifier: MIT
// Entries of 4-level and 5-level paging: tables of 512 eight-byte entries, 4 KiB, 2 MiB and 1 GiB
// pages.
//
//   level 5  PML5                    bits 56:48   table (5-level paging only)
//   level 4  PML4                    bits 47:39   table
//   level 3  page-directory pointer  bits 38:30   table or 1 GiB page (PS = 1)
//   level 2  page directory          bits 29:21   table or 2 MiB page (PS = 1)
//   level 1  page table              bits 20:12   4 KiB page
#pragma once

#include "base/address.h"
#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 4.5, tables 4-14 to 4-20; [amd/vol2]: 5.3
struct Pte4Level {
    using Word = u64;
    static constexpr Flag<0> present{};
    static constexpr Flag<1> writable{};
    static constexpr Flag<2> user{};
    static constexpr Flag<3> pwt{};  ///< memory type, bit 0 of the PAT index
    static constexpr Flag<4> pcd{};  ///< bit 1 of the PAT index
    static constexpr Flag<5> accessed{};
    static constexpr Flag<6> dirty{};  ///< leaves only
    static constexpr Flag<7>
        page_size{};                    ///< levels 2 and 3: a leaf; reserved (0) at levels 4 and 5
    static constexpr Flag<7> pat{};     ///< level 1: bit 2 of the PAT index
    static constexpr Flag<8> global{};  ///< leaves only; obeyed while CR4.PGE = 1
    static constexpr Bitfield<9, 3> software{};
    static constexpr Bitfield<12, 40> frame{};  ///< of a 4 KiB page or a table; up to MAXPHYADDR
    static constexpr Flag<12> large_pat{};      ///< 2 MiB and 1 GiB: bit 2 of the PAT index
    static constexpr Bitfield<13, 8> large_2m_reserved{};
    static constexpr Bitfield<13, 17> large_1g_reserved{};
    static constexpr Bitfield<21, 31> large_2m_frame{};
    static constexpr Bitfield<30, 22> large_1g_frame{};
    static constexpr Bitfield<52, 7> software_high{};
    static constexpr Bitfield<59, 4> protection_key{};  ///< leaves; ignored while PKE = PKS = 0
    static constexpr Flag<63> nx{};  ///< no instruction fetches; reserved while EFER.NXE = 0

    static constexpr unsigned widest_physical_address = 52;

    static constexpr PhysicalAddress address(u64 entry) {
        return PhysicalAddress{entry & frame.mask};
    }
    static constexpr PhysicalAddress large_2m_address(u64 entry) {
        return PhysicalAddress{entry & large_2m_frame.mask};
    }
    static constexpr PhysicalAddress large_1g_address(u64 entry) {
        return PhysicalAddress{entry & large_1g_frame.mask};
    }
    /// The address bits that a CPU with `physical_bits` (MAXPHYADDR, CPUID 80000008H) reserves in
    /// every present entry.
    static constexpr u64 reserved_address_bits(unsigned physical_bits) {
        return frame.mask & ~low_mask(physical_bits);
    }
};
static_assert(Pte4Level::frame.mask == 0x000f'ffff'ffff'f000);
static_assert(Pte4Level::large_2m_frame.mask == 0x000f'ffff'ffe0'0000);
static_assert(Pte4Level::large_1g_frame.mask == 0x000f'ffff'c000'0000);
static_assert(Pte4Level::large_2m_reserved.mask == 0x1f'e000);
static_assert(Pte4Level::large_1g_reserved.mask == 0x3fff'e000);
static_assert(Pte4Level::reserved_address_bits(46) == 0x000f'c000'0000'0000);

}  // namespace ringfence::arch::x86
