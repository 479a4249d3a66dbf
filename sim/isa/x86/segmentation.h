// SPDX-License-Identifier: MIT
// Offsets in segments become linear addresses where limits and types count: everywhere but in
// 64-bit mode. For operands that an instruction implies; those that it names are prepared by
// OpBuilder::memory.
#pragma once

#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

enum class SegmentAccess : u8 { Read, Write };

/// Whether the type of a code or data segment allows the access. [intel/vol3]: 5.5
[[nodiscard]] bool type_permits(u64 descriptor, SegmentAccess access);
/// Whether all of [offset, offset + bytes) is within the segment's limit; an operand of no bytes
/// counts as one. Expand-down segments hold the offsets beyond their limit. [intel/vol3]: 5.3
[[nodiscard]] bool limit_permits(const cpu::Segment& segment, u64 offset, u64 bytes);

/// Whether [offset, offset + bytes) may be accessed through `which`, outside 64-bit mode.
/// [intel/vol3]: 5.3, 5.4, 5.5
[[nodiscard]] bool segment_permits(const Cpu& cpu, cpu::SegmentRegister which, u64 offset,
                                   u64 bytes, SegmentAccess access);

/// The linear address of an operand of `bytes` at `offset` in `which`, which is not FS or GS in
/// 64-bit mode. False: cpu.pending holds #SS(0) or #GP(0).
[[nodiscard]] bool segmented_address(Cpu& cpu, cpu::SegmentRegister which, u64 offset, u64 bytes,
                                     SegmentAccess access, VirtualAddress& out);

}  // namespace ringfence::sim::isa::x86
