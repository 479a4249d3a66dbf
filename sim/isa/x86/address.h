// SPDX-License-Identifier: MIT
// Memory operands that one sum of registers cannot describe: 32-bit and 16-bit addressing, and
// segments with limits. An op in front computes their linear address.
#pragma once

#include "sim/isa/x86/handler.h"

namespace ringfence::sim::isa::x86 {

/// What 64-bit mode adds to an offset in `segment`: the others' bases count as zero.
inline Slot base_slot64(cpu::SegmentRegister segment) {
    const bool based = segment == cpu::SegmentRegister::Fs || segment == cpu::SegmentRegister::Gs;
    return based ? cpu::base_slot(segment) : cpu::zero_slot;
}

struct OperandAddress {
    bool code64;
    unsigned address_bits;  ///< 16, 32 or 64
    cpu::SegmentRegister segment;
    bool has_segment;  ///< LEA has none
    bool writes;
    unsigned bytes;  ///< 0: not accessed
};

/// Finishes a preparing op whose base, index, scale and displacement are set. Its handler leaves
/// the linear address in cpu::address_slot, after the checks of legacy segments.
/// [intel/vol3]: 5.3
Handler prepare_address_handler(const OperandAddress& operand, Op& op);

}  // namespace ringfence::sim::isa::x86
