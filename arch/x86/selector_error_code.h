// SPDX-License-Identifier: MIT
// Segment selectors, and the error code that names one.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 3.4.2
struct Selector {
    static constexpr Bitfield<0, 2, u16> rpl{};
    static constexpr Flag<2, u16> local{};  ///< TI: 1 = LDT
    static constexpr Bitfield<3, 13, u16> index{};

    static constexpr u16 make(unsigned table_index, unsigned requested_privilege) {
        return static_cast<u16>(index.make(static_cast<u16>(table_index)) | requested_privilege);
    }
    /// A null selector loads as "unusable" in data segment registers, whatever its RPL.
    static constexpr bool is_null(u16 selector) {
        return (selector & (index.mask | local.mask)) == 0;
    }
};
static_assert(Selector::make(5, 3) == 0x2b);

/// The error code of #TS, #NP, #SS and #GP: [intel/vol3]: 6.13, figure 6-7
struct SelectorErrorCode {
    static constexpr Flag<0, u32> external{};  ///< EXT: the event came from outside the program
    static constexpr Flag<1, u32> idt{};       ///< the index is an IDT vector
    static constexpr Flag<2, u32> local{};     ///< TI, when `idt` is clear
    static constexpr Bitfield<3, 13, u32> index{};

    /// The code for a faulting selector: its RPL is dropped.
    static constexpr u32 of_selector(u16 selector) { return selector & (index.mask | local.mask); }
    /// The code for the gate of `vector`.
    static constexpr u32 of_vector(u8 vector) { return index.make(vector) | idt.mask; }
};
static_assert(SelectorErrorCode::of_vector(13) == 0x6a);

}  // namespace ringfence::arch::x86
