// SPDX-License-Identifier: MIT
// Entries of the GDT and LDT, and the table registers.
#pragma once

#include "base/bits.h"
#include "base/compiler.h"

namespace ringfence::arch::x86 {

/// The operand of LGDT and LIDT in 64-bit mode: [intel/vol3]: 2.4.1, figure 2-6
struct RF_PACKED DescriptorTablePointer {
    u16 limit;  ///< size of the table in bytes, less one
    u64 base;   ///< linear address
};
static_assert(sizeof(DescriptorTablePointer) == 10);

/// Type field of system descriptors (S = 0): [intel/vol3]: 3.5, table 3-2
enum class SystemSegmentType : u8 {
    Tss16Available = 1,
    Ldt = 2,
    Tss16Busy = 3,
    CallGate16 = 4,
    TaskGate = 5,
    InterruptGate16 = 6,
    TrapGate16 = 7,
    TssAvailable = 9,  ///< 32-bit, or 64-bit in long mode
    TssBusy = 11,
    CallGate = 12,
    InterruptGate = 14,
    TrapGate = 15,
};

/// An 8-byte segment descriptor: [intel/vol3]: 3.4.5, figure 3-8; system types in long mode take
/// 16 bytes, with bits 63:32 of the base in the second half: [intel/vol3]: 8.2.3, figure 8-4
struct SegmentDescriptor {
    static constexpr Bitfield<0, 16> limit_low{};
    static constexpr Bitfield<16, 24> base_low{};
    static constexpr Bitfield<40, 4> type{};
    static constexpr Flag<40> accessed{};     ///< code and data; set by the processor on load
    static constexpr Flag<41> writable{};     ///< data
    static constexpr Flag<41> readable{};     ///< code
    static constexpr Flag<42> expand_down{};  ///< data
    static constexpr Flag<42> conforming{};   ///< code
    static constexpr Flag<43> code{};
    static constexpr Flag<44> code_or_data{};  ///< S: 0 = system descriptor
    static constexpr Bitfield<45, 2> dpl{};
    static constexpr Flag<47> present{};
    static constexpr Bitfield<48, 4> limit_high{};
    static constexpr Flag<52> available{};
    static constexpr Flag<53> long_mode{};    ///< L: 64-bit code
    static constexpr Flag<54> default_big{};  ///< D/B
    static constexpr Flag<55> granularity{};  ///< limit in 4 KiB units
    static constexpr Bitfield<56, 8> base_high{};

    static constexpr u32 base(u64 descriptor) {
        return static_cast<u32>(base_low.get(descriptor) | base_high.get(descriptor) << 24);
    }
    /// The last byte offset that the segment reaches (expand-up), in bytes.
    static constexpr u32 limit(u64 descriptor) {
        const auto raw =
            static_cast<u32>(limit_low.get(descriptor) | limit_high.get(descriptor) << 16);
        return granularity.test(descriptor) ? (raw << 12) | low_mask<u32>(12) : raw;
    }
    /// A flat 4 GiB segment, or a 64-bit code segment, of privilege `privilege`.
    static constexpr u64 flat_code64(unsigned privilege) {
        return flat(privilege) | code.mask | readable.mask | long_mode.mask;
    }
    static constexpr u64 flat_code32(unsigned privilege) {
        return flat(privilege) | code.mask | readable.mask | default_big.mask;
    }
    static constexpr u64 flat_data(unsigned privilege) {
        return flat(privilege) | writable.mask | default_big.mask;
    }
    /// What a segment register holds in real mode: 64 KiB that may be read, written and executed.
    static constexpr u64 paragraphs(unsigned privilege) {
        return limit_low.mask | present.mask | code_or_data.mask | writable.mask | accessed.mask |
               dpl.make(privilege);
    }
    /// The low half of an available 64-bit TSS descriptor; the high half is `base >> 32`.
    static constexpr u64 tss_low(u64 base, u32 limit) {
        return limit_low.make(limit) | limit_high.make(limit >> 16) | base_low.make(base) |
               base_high.make(base >> 24) | present.mask |
               type.make(static_cast<u64>(SystemSegmentType::TssAvailable));
    }
    static constexpr u64 tss_high(u64 base) { return base >> 32; }
    /// The same of an LDT's descriptor.
    static constexpr u64 ldt_low(u64 base, u32 limit) {
        return (tss_low(base, limit) & ~type.mask) |
               type.make(static_cast<u64>(SystemSegmentType::Ldt));
    }
    static constexpr u64 ldt_high(u64 base) { return base >> 32; }

private:
    static constexpr u64 flat(unsigned privilege) {
        return limit_low.mask | limit_high.mask | granularity.mask | present.mask |
               code_or_data.mask | accessed.mask | dpl.make(privilege);
    }
};
static_assert(SegmentDescriptor::flat_code64(0) == 0x00af'9b00'0000'ffff);
static_assert(SegmentDescriptor::flat_data(3) == 0x00cf'f300'0000'ffff);
static_assert(SegmentDescriptor::flat_code32(0) == 0x00cf'9b00'0000'ffff);

}  // namespace ringfence::arch::x86
