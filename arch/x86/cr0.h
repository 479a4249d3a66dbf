// SPDX-License-Identifier: MIT
// CR0: the processor's operating mode.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 2.5
struct Cr0 {
    static constexpr Flag<0> pe{};   ///< protected mode
    static constexpr Flag<1> mp{};   ///< WAIT obeys TS
    static constexpr Flag<2> em{};   ///< no x87 unit: its instructions raise #NM
    static constexpr Flag<3> ts{};   ///< task switched: the next FPU instruction raises #NM
    static constexpr Flag<4> et{};   ///< fixed to 1
    static constexpr Flag<5> ne{};   ///< x87 errors raise #MF
    static constexpr Flag<16> wp{};  ///< supervisor writes obey read-only pages
    static constexpr Flag<18> am{};  ///< alignment checks at CPL 3 when RFLAGS.AC = 1
    static constexpr Flag<29> nw{};  ///< not write-through
    static constexpr Flag<30> cd{};  ///< caches disabled
    static constexpr Flag<31> pg{};  ///< paging

    /// Bits that MOV to CR0 accepts. Writes of 1 to bits 63:32 raise #GP(0); other reserved bits
    /// below are ignored.
    static constexpr u64 defined = pe.mask | mp.mask | em.mask | ts.mask | et.mask | ne.mask |
                                   wp.mask | am.mask | nw.mask | cd.mask | pg.mask;
    /// The value after a hardware reset: [intel/vol3]: 10.1.1, table 10-1.
    static constexpr u64 reset = cd.mask | nw.mask | et.mask;
};
static_assert(Cr0::defined == 0xe005'003f);
static_assert(Cr0::reset == 0x6000'0010);

}  // namespace ringfence::arch::x86
