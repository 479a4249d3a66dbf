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
/// In the order of their indexes. Their places in the standard format are AMD's (without AVX-512).
inline constexpr XsaveComponent xsave_avx{2, 256, XsaveArea::extended};
inline constexpr XsaveComponent xsave_pkru{9, 8, xsave_avx.offset + xsave_avx.bytes};
inline constexpr XsaveComponent xsave_components[] = {xsave_avx, xsave_pkru};

/// The size of an area in the standard format with room for `components`. [intel/vol1]: 13.4.3
constexpr u32 xsave_bytes(u64 components) {
    u32 end = static_cast<u32>(XsaveArea::extended);
    for (const XsaveComponent& component : xsave_components) {
        if ((components >> component.index & 1) != 0) {
            end = component.offset + component.bytes;
        }
    }
    return end;
}
static_assert(xsave_bytes(3) == 576);
static_assert(xsave_bytes(7) == 832);

/// Where component `index` begins in a compacted area with room for `components`: behind those with
/// a lower index. Of the components here none asks for alignment. [intel/vol1]: 13.4.3
constexpr u32 xsave_compacted_offset(unsigned index, u64 components) {
    u32 offset = static_cast<u32>(XsaveArea::extended);
    for (const XsaveComponent& component : xsave_components) {
        if (component.index < index && (components >> component.index & 1) != 0) {
            offset += component.bytes;
        }
    }
    return offset;
}
static_assert(xsave_compacted_offset(9, 0x203) == 576);
static_assert(xsave_compacted_offset(9, 0x207) == 832);

/// The size of a compacted area with room for `components`.
constexpr u32 xsave_compacted_bytes(u64 components) {
    constexpr unsigned past_all = 63;
    return xsave_compacted_offset(past_all, components);
}

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
