// SPDX-License-Identifier: MIT
// Segment registers where selectors are paragraphs: in real mode and in virtual-8086 mode. No table
// is read, and no privilege checked. [intel/vol3]: 21.1, 21.2
#pragma once

#include <array>

#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

/// Loads a segment register other than CS. Real mode changes the base alone, so that a limit which
/// protected mode left behind stays; virtual-8086 mode has 64 KiB always.
void load_real_segment(Cpu& cpu, cpu::SegmentRegister which, u16 selector);

/// Goes to `offset` in the code segment of `selector`. False: it is beyond the limit, and
/// cpu.pending holds #GP(0).
[[nodiscard]] bool enter_real_code(Cpu& cpu, u16 selector, u64 offset);
/// Loads CS without looking at the instruction pointer.
void load_real_code_segment(Cpu& cpu, u16 selector);

/// Starts virtual-8086 mode: the flags with VM set, CPL 3, and all segment registers, in encoding
/// order. [intel/vol3]: 21.2.5
void enter_virtual_8086(Cpu& cpu, u64 rflags,
                        const std::array<u16, cpu::segment_register_count>& selectors);

}  // namespace ringfence::sim::isa::x86
