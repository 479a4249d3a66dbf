// SPDX-License-Identifier: MIT
// The 64-bit TSS: the stacks that interrupts and privilege changes load.
#pragma once

#include "base/compiler.h"
#include "base/types.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 8.7, figure 8-11
struct RF_PACKED TaskStateSegment64 {
    u32 reserved_0;
    u64 rsp[3];  ///< stack pointers for CPL 0 to 2
    u64 reserved_1;
    u64 ist[7];  ///< interrupt stack table; IST n of a gate is `ist[n - 1]`
    u64 reserved_2;
    u16 reserved_3;
    u16 io_map_base;  ///< offset of the I/O permission bitmap; at or past the limit: none
};
static_assert(sizeof(TaskStateSegment64) == 104);

/// Offsets for code that reads a TSS in simulated memory, in bytes.
struct TaskStateSegment64Offset {
    static constexpr u64 rsp(unsigned privilege) { return 4 + u64{privilege} * 8; }
    static constexpr u64 ist(unsigned number) { return 0x24 + u64{number - 1} * 8; }  ///< 1 to 7
    static constexpr u64 io_map_base = 0x66;
};
static_assert(TaskStateSegment64Offset::rsp(0) == __builtin_offsetof(TaskStateSegment64, rsp));
static_assert(TaskStateSegment64Offset::ist(1) == __builtin_offsetof(TaskStateSegment64, ist));
static_assert(TaskStateSegment64Offset::io_map_base ==
              __builtin_offsetof(TaskStateSegment64, io_map_base));

}  // namespace ringfence::arch::x86
