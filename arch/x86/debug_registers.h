// SPDX-License-Identifier: MIT
// DR6 and DR7: debug status and control.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 18.2.3
struct Dr6 {
    static constexpr Bitfield<0, 4> breakpoints{};
    static constexpr Flag<13> bd{};  ///< access to a debug register while DR7.GD = 1
    static constexpr Flag<14> bs{};  ///< single step
    static constexpr Flag<15> bt{};  ///< task switch
    /// Clear: inside a transaction that is debugged. Can be written where there are transactions.
    static constexpr Flag<16> rtm{};
    static constexpr u64 reset = 0xffff'0ff0;  ///< bits that read as 1
    static constexpr u64 writable = breakpoints.mask | bd.mask | bs.mask | bt.mask;
};
static_assert(Dr6::writable == 0xe00f);

inline constexpr unsigned breakpoint_count = 4;

/// The R/W fields of DR7. Port needs CR4.DE.
enum class BreakpointCondition : u8 { Execution = 0, Write = 1, Port = 2, Access = 3 };

/// [intel/vol3]: 18.2.4
struct Dr7 {
    static constexpr Bitfield<0, 8> enables{};  ///< L0 G0 L1 G1 L2 G2 L3 G3
    static constexpr u64 local_enables = 0x55;
    /// Ln or Gn: breakpoint `number` (0 to 3) is on.
    static constexpr bool enabled(u64 dr7, unsigned number) {
        return (enables.get(dr7) >> (2 * number) & low_mask(2)) != 0;
    }
    /// R/Wn: what breakpoint `number` waits for.
    static constexpr BreakpointCondition condition(u64 dr7, unsigned number) {
        return static_cast<BreakpointCondition>(conditions.get(dr7) >> (4 * number) & low_mask(2));
    }
    /// LENn: the size of what it covers, in bytes. Its address is aligned to that.
    static constexpr u64 length(u64 dr7, unsigned number) {
        constexpr u64 lengths[] = {1, 2, 8, 4};
        return lengths[conditions.get(dr7) >> (4 * number + 2) & low_mask(2)];
    }
    static constexpr Bitfield<8, 2> exact{};  ///< LE GE
    static constexpr Flag<8> local_exact{};
    /// Debugging of transactions, where there are any; IA32_DEBUGCTL must ask for it, too.
    static constexpr Flag<11> rtm{};
    static constexpr Flag<13> gd{};  ///< #DB before the next access to a debug register
    static constexpr Bitfield<16, 16> conditions{};  ///< R/W and LEN of the four breakpoints
    static constexpr u64 reset = 0x400;              ///< bit 10 reads as 1
    static constexpr u64 writable = enables.mask | exact.mask | gd.mask | conditions.mask;
};
static_assert(Dr7::writable == 0xffff'23ff);
static_assert(Dr7::enabled(0x8, 1) && !Dr7::enabled(0x8, 0));
static_assert(Dr7::condition(0x00d0'0400, 1) == BreakpointCondition::Write);
static_assert(Dr7::length(0x00d0'0400, 1) == 4);

}  // namespace ringfence::arch::x86
