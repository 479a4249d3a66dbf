// SPDX-License-Identifier: MIT
// Stage 1 translation table descriptors with the 4 KiB granule and 48-bit output addresses: tables
// of 512 eight-byte entries, 4 KiB pages, 2 MiB and 1 GiB blocks.
//
//   level 0  bits 47:39   table
//   level 1  bits 38:30   table or 1 GiB block
//   level 2  bits 29:21   table or 2 MiB block
//   level 3  bits 20:12   4 KiB page
#pragma once

#include "base/address.h"
#include "base/bits.h"

namespace ringfence::arch::aarch64 {

/// [arm/arm]: D8.3.1 (table descriptors) and D8.3.2 (block and page descriptors)
struct Pte4K {
    using Word = u64;
    static constexpr Flag<0> valid{};
    /// Levels 0 to 2: 1 = table, 0 = block (reserved at level 0). Level 3: must be 1.
    static constexpr Flag<1> table_or_page{};
    static constexpr Bitfield<2, 3> attribute_index{};  ///< AttrIndx: an entry of MAIR
    static constexpr Flag<5> ns{};
    static constexpr Flag<6> user{};                 ///< AP[1]: EL0 may access
    static constexpr Flag<7> read_only{};            ///< AP[2]
    static constexpr Bitfield<8, 2> shareability{};  ///< SH: 0 non, 2 outer, 3 inner
    static constexpr Flag<10> accessed{};            ///< AF: clear = access flag fault
    static constexpr Flag<11> not_global{};          ///< nG: the TLB entry is tagged with the ASID
    static constexpr Bitfield<12, 36> frame{};       ///< of a page or a table
    static constexpr Bitfield<21, 27> block_2m_frame{};
    static constexpr Bitfield<30, 18> block_1g_frame{};
    static constexpr Flag<16> nt{};                  ///< blocks: break-before-make hint (FEAT_BBM)
    static constexpr Flag<50> guarded{};             ///< GP: branch target identification
    static constexpr Flag<51> dirty_bit_modifier{};  ///< DBM
    static constexpr Flag<52> contiguous{};
    static constexpr Flag<53> pxn{};  ///< EL1 may not execute
    static constexpr Flag<54> uxn{};  ///< EL0 may not execute
    static constexpr Bitfield<55, 4> software{};

    /// Table descriptors: limits on all that lies below, [arm/arm]: D8.4
    static constexpr Flag<59> pxn_table{};
    static constexpr Flag<60> uxn_table{};
    static constexpr Flag<61> no_user_table{};    ///< APTable[0]: no EL0 access
    static constexpr Flag<62> read_only_table{};  ///< APTable[1]
    static constexpr Flag<63> ns_table{};

    static constexpr unsigned physical_bits = 48;
    static constexpr u64 inner_shareable = 3;

    static constexpr PhysicalAddress address(u64 entry) {
        return PhysicalAddress{entry & frame.mask};
    }
};
static_assert(Pte4K::frame.mask == 0x0000'ffff'ffff'f000);
static_assert(Pte4K::block_2m_frame.mask == 0x0000'ffff'ffe0'0000);
static_assert(Pte4K::block_1g_frame.mask == 0x0000'ffff'c000'0000);
static_assert(Pte4K::uxn.mask == 0x0040'0000'0000'0000);

}  // namespace ringfence::arch::aarch64
