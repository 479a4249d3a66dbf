// SPDX-License-Identifier: MIT
// What lies in a small machine's RAM at first, and where. Linear addresses are physical ones too,
// as far as the page tables reach.
#pragma once

#include <array>

#include "base/types.h"
#include "sim/memory/ram_image.h"

namespace ringfence::fuzz {

inline constexpr u64 ram_bytes = 2 * mib;

namespace layout {
inline constexpr u64 real_handler = 0x500;
inline constexpr u64 gdt = 0x1000;
inline constexpr u64 gdt_bytes = 0x100;
inline constexpr u64 legacy_idt = 0x2000;
inline constexpr u64 long_idt = 0x3000;
inline constexpr u64 legacy_tss = 0x4000;
inline constexpr u64 long_tss = 0x4200;
inline constexpr u64 other_tss = 0x4400;  ///< of a 32-bit task that is not running
inline constexpr u64 ldt = 0x4800;
inline constexpr u64 ldt_bytes = 0x40;
inline constexpr u64 handlers = 0x5000;
inline constexpr u64 pml4 = 0x6000;
inline constexpr u64 long_pdpt = 0x7000;
inline constexpr u64 long_directory = 0x8000;
inline constexpr u64 long_table = 0x9000;
inline constexpr u64 two_level_directory = 0xa000;
inline constexpr u64 two_level_table = 0xb000;
inline constexpr u64 pae_pdpt = 0xc000;
inline constexpr u64 pae_directory = 0xd000;
inline constexpr u64 pae_table = 0xe000;
// Pages below are the supervisor's.
inline constexpr u64 code = 0x1'0000;
inline constexpr u64 code_bytes = 0x4000;
inline constexpr u64 data = 0x1'4000;
inline constexpr u64 user_stack = 0x1'c000;  ///< its end
inline constexpr u64 read_only_page = 0x1'c000;
inline constexpr u64 supervisor_page = 0x1'd000;
inline constexpr u64 absent_page = 0x1'e000;
inline constexpr u64 no_execute_page = 0x1'f000;
inline constexpr u64 kernel_stack = 0x2'4000;  ///< its end
inline constexpr u64 ist_stack = 0x2'6000;     ///< its end
inline constexpr u64 end = 0x3'0000;           ///< of what the page tables map one to one
/// In 64-bit paging all of RAM once more, as one page of user mode.
inline constexpr u64 user_alias = 2 * mib;
/// And both of these for the supervisor.
inline constexpr u64 kernel_alias = 0xffff'ffff'8000'0000;
}  // namespace layout

namespace selector {
inline constexpr u16 code32 = 0x08;
inline constexpr u16 stack = 0x10;  ///< and data
inline constexpr u16 user_code32 = 0x18 | 3;
inline constexpr u16 user_stack = 0x20 | 3;
inline constexpr u16 code64 = 0x28;
inline constexpr u16 user_code64 = 0x30 | 3;
inline constexpr u16 code16 = 0x38;
inline constexpr u16 stack16 = 0x40;
inline constexpr u16 user_code16 = 0x48 | 3;
inline constexpr u16 user_stack16 = 0x50 | 3;
inline constexpr u16 legacy_tss = 0x58;
inline constexpr u16 long_tss = 0x60;  ///< two slots
inline constexpr u16 other_tss = 0x70;
inline constexpr u16 call_gate32 = 0x78 | 3;
inline constexpr u16 task_gate = 0x80 | 3;
inline constexpr u16 ldt = 0x88;              ///< two slots, for long mode
inline constexpr u16 call_gate64 = 0x98 | 3;  ///< two slots
}  // namespace selector

/// Handlers of all exceptions and interrupts skip one byte and return. Where code goes are HLTs.
sim::memory::RamImage make_memory_image();

}  // namespace ringfence::fuzz
