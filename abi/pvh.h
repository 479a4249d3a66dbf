// SPDX-License-Identifier: MIT
// The PVH direct boot ABI: what a loader hands to a kernel that starts by its
// XEN_ELFNOTE_PHYS32_ENTRY note. [xen/pvh]: docs/misc/pvh.html and
// xen/include/public/arch-x86/hvm/start_info.h describe it.
//
// At entry: 32-bit protected mode, paging off, flat CS/DS/ES/SS, interrupts off, EBX = physical
// address of StartInfo.
#pragma once

#include "base/types.h"

namespace ringfence::abi::pvh {

/// ELF note "Xen", type 18: the physical 32-bit entry point.
inline constexpr u32 note_phys32_entry = 18;
inline constexpr u32 start_info_magic = 0x336ec578;

struct StartInfo {
    u32 magic;
    u32 version;  ///< 1: the memory map fields are present
    u32 flags;
    u32 module_count;
    u64 module_list;   ///< physical address of ModuleEntry[module_count]; the first one is the
                       ///< initramfs
    u64 command_line;  ///< physical address of a NUL-terminated string, or 0
    u64 rsdp;
    u64 memory_map;  ///< physical address of MemoryMapEntry[memory_map_count]
    u32 memory_map_count;
    u32 reserved;
};
static_assert(sizeof(StartInfo) == 56);

struct ModuleEntry {
    u64 address;
    u64 size;
    u64 command_line;
    u64 reserved;
};
static_assert(sizeof(ModuleEntry) == 32);

enum class MemoryType : u32 {
    Ram = 1,
    Reserved = 2,
    AcpiReclaimable = 3,
    AcpiNvs = 4,
    Unusable = 5
};

struct MemoryMapEntry {
    u64 address;
    u64 size;
    MemoryType type;
    u32 reserved;
};
static_assert(sizeof(MemoryMapEntry) == 24);

}  // namespace ringfence::abi::pvh
