// SPDX-License-Identifier: MIT
// MAIR_EL1: the memory types that descriptors name by index.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::aarch64 {

/// [arm/arm]: MAIR_EL1
struct Mair {
    static constexpr u64 device_ngnrne = 0x00;
    static constexpr u64 normal_non_cacheable = 0x44;
    static constexpr u64 normal_write_through = 0xbb;
    static constexpr u64 normal_write_back = 0xff;

    /// Attribute byte `index` (0 to 7) of `mair`.
    static constexpr u64 attribute(u64 mair, unsigned index) {
        return (mair >> (index * 8)) & low_mask(8);
    }
    /// The project's choice: 0 write-back, 1 write-through, 2 non-cacheable, 3 device.
    static constexpr u64 standard = normal_write_back | normal_write_through << 8 |
                                    normal_non_cacheable << 16 | device_ngnrne << 24;
};
static_assert(Mair::attribute(Mair::standard, 2) == Mair::normal_non_cacheable);

}  // namespace ringfence::arch::aarch64
