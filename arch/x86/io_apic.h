// SPDX-License-Identifier: MIT
// The I/O APIC's registers: two in memory, through which all others are reached. [intel/ioapic]: 3
#pragma once

#include "base/address.h"
#include "base/bits.h"

namespace ringfence::arch::x86 {

/// Where a PC has its first I/O APIC.
inline constexpr PhysicalAddress io_apic_address{0xfec0'0000};

/// Offsets in memory. The last one came with version 20H.
enum class IoApicWindow : u32 { Select = 0x00, Data = 0x10, EndOfInterrupt = 0x40 };

/// Indices behind the window. Redirection entries are pairs of registers, the lower half first.
enum class IoApicRegister : u8 { Id = 0, Version = 1, Arbitration = 2, FirstRedirection = 0x10 };

/// IoApicRegister::Id and Arbitration.
using IoApicId = Bitfield<24, 4, u32>;

struct IoApicVersion {
    static constexpr Bitfield<0, 8, u32> version{};
    static constexpr Bitfield<16, 8, u32> last_redirection{};
};

/// [intel/ioapic]: 3.2.4; the lower half has the layout of a local vector table entry, too.
struct IoApicRedirection {
    static constexpr Bitfield<0, 8> vector{};
    static constexpr Bitfield<8, 3> delivery_mode{};  ///< ApicDeliveryMode
    static constexpr Flag<11> logical{};
    static constexpr Flag<12> pending{};
    static constexpr Flag<13> active_low{};
    static constexpr Flag<14> remote_irr{};  ///< accepted, and not yet ended
    static constexpr Flag<15> level_triggered{};
    static constexpr Flag<16> masked{};
    static constexpr Bitfield<56, 8> destination{};
    static constexpr u64 writable = vector.mask | delivery_mode.mask | logical.mask |
                                    active_low.mask | level_triggered.mask | masked.mask |
                                    destination.mask;
};
static_assert(IoApicRedirection::writable == 0xff00'0000'0001'afff);

}  // namespace ringfence::arch::x86
