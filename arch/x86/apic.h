// SPDX-License-Identifier: MIT
// The local APIC's registers: a page of memory (xAPIC) or a range of MSRs (x2APIC).
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
    RemoteRead = 0xc0,
    LogicalDestination = 0xd0,
    DestinationFormat = 0xe0,
    SpuriousVector = 0xf0,
    InService = 0x100,         ///< eight registers, 0x10 apart
    TriggerMode = 0x180,       ///< likewise
    InterruptRequest = 0x200,  ///< likewise
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
    SelfInterrupt = 0x3f0,  ///< x2APIC only
};

/// The registers are 32 bits wide; each has this many bytes of the page to itself.
inline constexpr u32 apic_register_stride = 0x10;
/// Vectors below this one are the processor's own: an APIC does not deliver them.
/// [intel/vol3]: 11.5.2
inline constexpr u32 first_apic_vector = 16;

/// MSRs of x2APIC mode: [intel/vol3]: 11.12.1.2, table 11-6
inline constexpr u32 first_x2apic_msr = 0x800;
inline constexpr u32 x2apic_msr_count = 0x400;
constexpr u32 x2apic_msr(ApicRegister which) {
    return first_x2apic_msr + static_cast<u32>(which) / apic_register_stride;
}
static_assert(x2apic_msr(ApicRegister::SelfInterrupt) == 0x83f);

/// [intel/vol3]: 11.4.8, figure 11-7
struct ApicVersion {
    static constexpr Bitfield<0, 8, u32> version{};
    static constexpr Bitfield<16, 8, u32>
        last_lvt{};  ///< entries of the local vector table, less 1
    static constexpr Flag<24, u32> suppresses_eoi_broadcast{};
};

/// What a message or an input does to the processor. [intel/vol3]: 11.5.1, 11.6.1
enum class ApicDeliveryMode : u8 {
    Fixed = 0,
    LowestPriority = 1,
    Smi = 2,
    Nmi = 4,
    Init = 5,
    StartUp = 6,
    External = 7,  ///< the vector comes from the 8259s
};

/// [intel/vol3]: 11.5.1, figure 11-8
struct ApicLvt {
    static constexpr Bitfield<0, 8, u32> vector{};
    static constexpr Bitfield<8, 3, u32> delivery_mode{};  ///< ApicDeliveryMode
    static constexpr Flag<12, u32> pending{};
    static constexpr Flag<13, u32> active_low{};
    static constexpr Flag<14, u32> remote_irr{};  ///< accepted, and not yet ended
    static constexpr Flag<15, u32> level_triggered{};
    static constexpr Flag<16, u32> masked{};
    static constexpr Bitfield<17, 2, u32> timer_mode{};  ///< ApicTimerMode
};

/// [intel/vol3]: 11.5.1, figure 11-8; 11.5.4
enum class ApicTimerMode : u8 { OneShot = 0, Periodic = 1, TscDeadline = 2, Reserved = 3 };

/// [intel/vol3]: 11.9, figure 11-23
struct ApicSpuriousVector {
    static constexpr Bitfield<0, 8, u32> vector{};
    static constexpr Flag<8, u32> enabled{};
    static constexpr Flag<12, u32> suppress_eoi_broadcast{};
};

/// [intel/vol3]: 11.5.3, figure 11-9
struct ApicError {
    static constexpr Flag<5, u32> send_illegal_vector{};
    static constexpr Flag<6, u32> receive_illegal_vector{};
    static constexpr Flag<7, u32> illegal_register{};
};

/// The ID, logical destination and upper command registers of xAPIC mode: [intel/vol3]: figures
/// 11-6, 11-13 and 11-12
using XapicDestination = Bitfield<24, 8, u32>;
inline constexpr u32 xapic_broadcast = 0xff;

/// [intel/vol3]: 11.6.2.2, figure 11-14; the other bits read as ones
struct ApicDestinationFormat {
    static constexpr Bitfield<28, 4, u32> model{};
    static constexpr u32 flat = 0xf;
};

/// [intel/vol3]: 11.6.1, figure 11-12
struct ApicInterruptCommand {
    static constexpr Bitfield<0, 8, u32> vector{};
    static constexpr Bitfield<8, 3, u32> delivery_mode{};  ///< ApicDeliveryMode
    static constexpr Flag<11, u32> logical{};
    static constexpr Flag<12, u32> pending{};
    static constexpr Flag<14, u32> assert{};
    static constexpr Flag<15, u32> level{};
    static constexpr Bitfield<18, 2, u32> shorthand{};       ///< Shorthand
    static constexpr Bitfield<32, 32> x2apic_destination{};  ///< of the 64-bit MSR
    enum class Shorthand : u8 { None = 0, Self = 1, All = 2, AllButSelf = 3 };
};

/// Bits of the divide register: figure 11-10.
inline constexpr u32 apic_timer_divide_bits = 0b1011;
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
