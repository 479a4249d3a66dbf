// SPDX-License-Identifier: MIT
// Extended state: XCR0, the areas of the XSAVE family, and where each component lies in them.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::x86 {

/// The state components by their bits in XCR0 and in the masks of an area's header.
/// [intel/vol1]: 13.1; [intel/vol3]: 2.6
struct Xcr0 {
    static constexpr Flag<0> x87{};
    static constexpr Flag<1> sse{};
    static constexpr Flag<2> avx{};
    static constexpr Flag<9> pkru{};
    static constexpr u64 reset = x87.mask;
};

/// [intel/vol1]: 13.4.2
struct XsaveHeader {
    u64 state;       ///< XSTATE_BV: the components that the area holds
    u64 compaction;  ///< XCOMP_BV: in the compacted format, those that have room in it
    u64 reserved[6];

    static constexpr Flag<63> compacted{};  ///< in `compaction`
};
static_assert(sizeof(XsaveHeader) == 64);

/// What precedes the extended components. [intel/vol1]: 13.4, figure 13-1
struct XsaveArea {
    static constexpr u64 alignment = 64;
    static constexpr u64 header = 512;  ///< behind what FXSAVE has
    static constexpr u64 extended = header + sizeof(XsaveHeader);
};

/// A component behind the header. CPUID leaf 0DH tells its size, and its place in the standard
/// format; compacted areas hold those that they have room for one behind the other.
struct XsaveComponent {
    unsigned index;
    u32 bytes;
    u32 offset;  ///< standard format
};
inline constexpr XsaveComponent xsave_pkru{9, 8, XsaveArea::extended};

/// The size of an area with room for `components`. [intel/vol1]: 13.4.3
constexpr u32 xsave_bytes(u64 components) {
    return Xcr0::pkru.test(components) ? xsave_pkru.offset + xsave_pkru.bytes
                                       : static_cast<u32>(XsaveArea::extended);
}
static_assert(xsave_bytes(3) == 576);

/// PKRU: two bits for each protection key. [intel/vol3]: 2.7, 4.6.2
struct Pkru {
    static constexpr bool access_disabled(u32 pkru, unsigned key) {
        return (pkru >> (2 * key) & 1) != 0;
    }
    static constexpr bool write_disabled(u32 pkru, unsigned key) {
        return (pkru >> (2 * key + 1) & 1) != 0;
    }
};

}  // namespace ringfence::arch::x86
