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

/// The TSS of a 32-bit task. Selectors take the low half of their words; the processor ignores the
/// other. [intel/vol3]: 8.2.1, figure 8-2
struct RF_PACKED TaskStateSegment32 {
    u32 previous_task;
    struct {
        u32 esp;
        u32 ss;
    } inner_stacks[3];  ///< for CPL 0 to 2
    u32 cr3;
    u32 eip;
    u32 eflags;
    u32 registers[8];  ///< EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI
    u32 segments[6];   ///< ES, CS, SS, DS, FS, GS
    u32 ldt;
    u16 debug_trap;   ///< bit 0: a switch to this task raises #DB
    u16 io_map_base;  ///< offset of the I/O permission bitmap
};
static_assert(sizeof(TaskStateSegment32) == 104);
static_assert(__builtin_offsetof(TaskStateSegment32, segments) == 0x48);
static_assert(__builtin_offsetof(TaskStateSegment32, io_map_base) ==
              TaskStateSegment64Offset::io_map_base);

/// The TSS of a 16-bit task. [intel/vol3]: 8.6, figure 8-10
struct RF_PACKED TaskStateSegment16 {
    u16 previous_task;
    struct {
        u16 sp;
        u16 ss;
    } inner_stacks[3];
    u16 ip;
    u16 flags;
    u16 registers[8];  ///< AX, CX, DX, BX, SP, BP, SI, DI
    u16 segments[4];   ///< ES, CS, SS, DS
    u16 ldt;
};
static_assert(sizeof(TaskStateSegment16) == 44);
static_assert(__builtin_offsetof(TaskStateSegment16, ldt) == 0x2a);

}  // namespace ringfence::arch::x86
