// SPDX-License-Identifier: MIT
// The local APIC's register page.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::x86 {

/// Offsets in the 4 KiB register page: [intel/vol3]: 11.4.1, table 11-1
enum class ApicRegister : u32 {
    Id = 0x20,
    Version = 0x30,
    TaskPriority = 0x80,
    ArbitrationPriority = 0x90,
    ProcessorPriority = 0xa0,
    EndOfInterrupt = 0xb0,
    LogicalDestination = 0xd0,
    DestinationFormat = 0xe0,
    SpuriousVector = 0xf0,
    InService = 0x100,  ///< eight registers, 0x10 apart
    TriggerMode = 0x180,
    InterruptRequest = 0x200,
    ErrorStatus = 0x280,
    LvtCmci = 0x2f0,
    InterruptCommandLow = 0x300,
    InterruptCommandHigh = 0x310,
    LvtTimer = 0x320,
    LvtThermal = 0x330,
    LvtPerformance = 0x340,
    LvtLint0 = 0x350,
    LvtLint1 = 0x360,
    LvtError = 0x370,
    TimerInitialCount = 0x380,
    TimerCurrentCount = 0x390,
    TimerDivide = 0x3e0,
};

/// [intel/vol3]: 11.5.1, figure 11-8
struct ApicLvt {
    static constexpr Bitfield<0, 8, u32> vector{};
    static constexpr Bitfield<8, 3, u32> delivery_mode{};  ///< 0 fixed, 4 NMI, 7 ExtINT
    static constexpr Flag<12, u32> pending{};
    static constexpr Flag<16, u32> masked{};
    static constexpr Bitfield<17, 2, u32> timer_mode{};  ///< 0 one-shot, 1 periodic, 2 TSC deadline
};

/// [intel/vol3]: 11.9, figure 11-23
struct ApicSpuriousVector {
    static constexpr Bitfield<0, 8, u32> vector{};
    static constexpr Flag<8, u32> enabled{};
};

/// [intel/vol3]: 11.6.1, figure 11-12
struct ApicInterruptCommand {
    static constexpr Bitfield<0, 8, u32> vector{};
    static constexpr Bitfield<8, 3, u32> delivery_mode{};  ///< 0 fixed, 4 NMI, 5 INIT, 6 start-up
    static constexpr Flag<12, u32> pending{};
    static constexpr Flag<14, u32> assert{};
    static constexpr Flag<15, u32> level{};
    static constexpr Bitfield<18, 2, u32> shorthand{};  ///< 1 self, 2 all, 3 all but self
};

/// The divisor that the timer's divide register selects: [intel/vol3]: 11.5.4, figure 11-10
constexpr unsigned apic_timer_divisor(u32 divide_register) {
    const unsigned code =
        Bitfield<0, 2, u32>::get(divide_register) | Flag<3, u32>::get(divide_register) << 2;
    return 1U << ((code + 1) % 8);
}
static_assert(apic_timer_divisor(0b1011) == 1);
static_assert(apic_timer_divisor(0b0000) == 2);
static_assert(apic_timer_divisor(0b1010) == 128);

}  // namespace ringfence::arch::x86
