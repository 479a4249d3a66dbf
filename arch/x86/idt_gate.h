// SPDX-License-Identifier: MIT
// Gates of the interrupt descriptor table in long mode.
#pragma once

#include "arch/x86/segment_descriptor.h"
#include "base/bits.h"

namespace ringfence::arch::x86 {

/// A 16-byte interrupt or trap gate as two words: [intel/vol3]: 6.14.1, figure 6-8
struct IdtGate64 {
    u64 low;
    u64 high;

    static constexpr Bitfield<0, 16> offset_low{};
    static constexpr Bitfield<16, 16> selector{};
    static constexpr Bitfield<32, 3> ist{};   ///< 0: the stack of the new CPL, or the current one
    static constexpr Bitfield<40, 5> type{};  ///< 14 interrupt gate (clears IF), 15 trap gate
    static constexpr Bitfield<45, 2> dpl{};   ///< the highest CPL that INT n may come from
    static constexpr Flag<47> present{};
    static constexpr Bitfield<48, 16> offset_middle{};
    static constexpr Bitfield<0, 32> offset_high{};  ///< in `high`

    static constexpr IdtGate64 make(u64 handler, u16 code_selector, SystemSegmentType gate_type,
                                    unsigned privilege, unsigned stack) {
        return {offset_low.make(handler) | offset_middle.make(handler >> 16) |
                    selector.make(code_selector) | ist.make(stack) |
                    type.make(static_cast<u64>(gate_type)) | dpl.make(privilege) | present.mask,
                handler >> 32};
    }
    [[nodiscard]] constexpr u64 offset() const {
        return offset_low.get(low) | offset_middle.get(low) << 16 | offset_high.get(high) << 32;
    }
};
static_assert(sizeof(IdtGate64) == 16);

/// An 8-byte gate: in the IDT outside long mode, and call and task gates in the GDT and LDT there.
/// [intel/vol3]: 5.8.3, figure 5-8; 6.11, figure 6-2
struct Gate {
    static constexpr Bitfield<0, 16> offset_low{};
    static constexpr Bitfield<16, 16> selector{};   ///< of a code segment; of a TSS in a task gate
    static constexpr Bitfield<32, 5> parameters{};  ///< call gates: words to copy to the new stack
    static constexpr Bitfield<40, 5> type{};
    static constexpr Bitfield<45, 2> dpl{};
    static constexpr Flag<47> present{};
    static constexpr Bitfield<48, 16> offset_high{};  ///< ignored in 16-bit gates

    static constexpr u64 make(u32 target, u16 target_selector, SystemSegmentType gate_type,
                              unsigned privilege, unsigned parameter_count = 0) {
        return offset_low.make(target) | selector.make(target_selector) |
               parameters.make(parameter_count) | type.make(static_cast<u64>(gate_type)) |
               dpl.make(privilege) | present.mask | offset_high.make(target >> 16);
    }
    static constexpr u32 offset32(u64 gate) {
        return static_cast<u32>(offset_low.get(gate) | offset_high.get(gate) << 16);
    }
    static constexpr u16 offset16(u64 gate) { return static_cast<u16>(offset_low.get(gate)); }
};
static_assert(Gate::offset32(Gate::make(0x1234'5678, 8, SystemSegmentType::TrapGate, 0)) ==
              0x1234'5678);
static_assert(Gate::make(0, 0, SystemSegmentType::InterruptGate, 3, 0) == 0x0000'ee00'0000'0000);

static_assert(IdtGate64::make(0xffff'8000'1234'5678, 8, SystemSegmentType::InterruptGate, 3, 2)
                  .offset() == 0xffff'8000'1234'5678);

}  // namespace ringfence::arch::x86
