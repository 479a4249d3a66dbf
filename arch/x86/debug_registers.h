// SPDX-License-Identifier: MIT
// DR6 and DR7: debug status and control.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 18.2.3
struct Dr6 {
    static constexpr Bitfield<0, 4> breakpoints{};
    static constexpr Flag<13> bd{};            ///< access to a debug register while DR7.GD = 1
    static constexpr Flag<14> bs{};            ///< single step
    static constexpr Flag<15> bt{};            ///< task switch
    static constexpr u64 reset = 0xffff'0ff0;  ///< bits that read as 1
    static constexpr u64 writable = breakpoints.mask | bd.mask | bs.mask | bt.mask;
};
static_assert(Dr6::writable == 0xe00f);

/// [intel/vol3]: 18.2.4
struct Dr7 {
    static constexpr Bitfield<0, 8> enables{};  ///< L0 G0 L1 G1 L2 G2 L3 G3
    static constexpr Bitfield<8, 2> exact{};    ///< LE GE
    static constexpr Flag<13> gd{};             ///< #DB before the next access to a debug register
    static constexpr Bitfield<16, 16> conditions{};  ///< R/W and LEN of the four breakpoints
    static constexpr u64 reset = 0x400;              ///< bit 10 reads as 1
    static constexpr u64 writable = enables.mask | exact.mask | gd.mask | conditions.mask;
};
static_assert(Dr7::writable == 0xffff'23ff);

}  // namespace ringfence::arch::x86
