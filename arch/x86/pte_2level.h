// SPDX-License-Identifier: MIT
// Entries of 32-bit paging: two levels of 1024 four-byte entries, 4 KiB and 4 MiB pages.
//
//   level 2  page directory   bits 31:22   table or 4 MiB page (PS = 1, CR4.PSE = 1)
//   level 1  page table       bits 21:12   4 KiB page
#pragma once

#include "base/address.h"
#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 4.3, tables 4-4 to 4-6; [amd/vol2]: 5.2
struct Pte2Level {
    using Word = u32;
    static constexpr Flag<0, u32> present{};
    static constexpr Flag<1, u32> writable{};
    static constexpr Flag<2, u32> user{};
    static constexpr Flag<3, u32> pwt{};  ///< memory type, bit 0 of the PAT index
    static constexpr Flag<4, u32> pcd{};  ///< bit 1 of the PAT index
    static constexpr Flag<5, u32> accessed{};
    static constexpr Flag<6, u32> dirty{};      ///< leaves only
    static constexpr Flag<7, u32> page_size{};  ///< level 2: maps a 4 MiB page
    static constexpr Flag<7, u32> pat{};        ///< level 1: bit 2 of the PAT index
    static constexpr Flag<8, u32> global{};     ///< leaves only; obeyed while CR4.PGE = 1
    static constexpr Bitfield<9, 3, u32> software{};
    static constexpr Bitfield<12, 20, u32> frame{};  ///< of a 4 KiB page or a table
    static constexpr Flag<12, u32> large_pat{};      ///< 4 MiB page: bit 2 of the PAT index
    /// 4 MiB page: bits 39:32 of its address (PSE-36); those above the CPU's width are reserved.
    static constexpr Bitfield<13, 8, u32> large_frame_high{};
    static constexpr Flag<21, u32> large_reserved{};
    static constexpr Bitfield<22, 10, u32> large_frame{};  ///< bits 31:22 of the address

    /// Address of the 4 KiB page or table that `entry` names.
    static constexpr PhysicalAddress address(u32 entry) {
        return PhysicalAddress{entry & frame.mask};
    }
    static constexpr PhysicalAddress large_address(u32 entry) {
        return PhysicalAddress{(entry & large_frame.mask) |
                               (u64{large_frame_high.get(entry)} << 32)};
    }
    /// The address bits of a 4 MiB page at `page`, which is aligned and below 2^40.
    static constexpr u32 make_large_address(PhysicalAddress page) {
        return (static_cast<u32>(page.value()) & large_frame.mask) |
               large_frame_high.make(static_cast<u32>(page.value() >> 32));
    }
    /// The bits that must be 0 in a present 4 MiB entry on a CPU with `physical_bits` wide
    /// addresses (32 to 40 count here); 4 KiB entries and table entries have none.
    static constexpr u32 large_reserved_bits(unsigned physical_bits) {
        const unsigned high =
            physical_bits >= 40 ? 8 : (physical_bits > 32 ? physical_bits - 32 : 0);
        return large_reserved.mask | large_frame_high.make(~low_mask<u32>(high));
    }
};
static_assert(Pte2Level::frame.mask == 0xffff'f000);
static_assert(Pte2Level::make_large_address(PhysicalAddress{0x12'3440'0000}) ==
              0x3440'0000 + 0x2'4000);
static_assert(Pte2Level::large_reserved_bits(36) == 0x003e'0000);

}  // namespace ringfence::arch::x86
