// SPDX-License-Identifier: MIT
// Multiboot, version 1: the header by which a kernel asks for it, and what the boot loader hands
// over. [multiboot/1]
//
// At entry: 32-bit protected mode, paging off, flat CS/DS/ES/FS/GS/SS, interrupts off, EAX =
// loader_magic, EBX = physical address of Information.
#pragma once

#include "base/bits.h"
#include "base/types.h"

namespace ringfence::abi::multiboot {

inline constexpr u32 header_magic = 0x1badb002;
inline constexpr u32 loader_magic = 0x2badb002;
/// The header lies whole within the first so many bytes of the file, on a multiple of 4.
inline constexpr u64 search_bytes = 8192;

struct HeaderFlags {
    static constexpr Flag<0, u32> align_modules{};     ///< modules begin on pages
    static constexpr Flag<1, u32> memory_wanted{};     ///< the memory fields must be there
    static constexpr Flag<2, u32> video_wanted{};      ///< a video mode is wanted
    static constexpr Bitfield<0, 16, u32> required{};  ///< those that may not be ignored
    static constexpr Flag<16, u32> has_addresses{};    ///< the address fields say where to load
};

struct Header {
    u32 magic;
    u32 flags;
    u32 checksum;  ///< magic + flags + checksum == 0
    // With HeaderFlags::has_addresses:
    u32 header_address;    ///< where this header belongs in memory
    u32 load_address;      ///< where the first loaded byte belongs
    u32 load_end_address;  ///< 0: all of the file is loaded
    u32 bss_end_address;   ///< 0: nothing to clear
    u32 entry_address;
};
static_assert(sizeof(Header) == 32);
inline constexpr u64 short_header_bytes = 12;

struct InformationFlags {
    static constexpr Flag<0, u32> memory{};
    static constexpr Flag<2, u32> command_line{};
    static constexpr Flag<3, u32> modules{};
    static constexpr Flag<6, u32> memory_map{};
    static constexpr Flag<9, u32> loader_name{};
};

/// Addresses are physical.
struct Information {
    u32 flags;
    u32 memory_lower;  ///< KiB from 0
    u32 memory_upper;  ///< KiB from 1 MiB
    u32 boot_device;
    u32 command_line;  ///< NUL-terminated, begins with the kernel's name
    u32 module_count;
    u32 modules;  ///< Module[module_count]
    u32 symbols[4];
    u32 memory_map_bytes;
    u32 memory_map;  ///< MemoryMapEntry[]
    u32 drives_bytes;
    u32 drives;
    u32 configuration_table;
    u32 loader_name;
    u32 power_management;
    u32 video[4];
};
static_assert(sizeof(Information) == 88);

struct Module {
    u32 first;
    u32 end;           ///< one past the last byte
    u32 command_line;  ///< NUL-terminated
    u32 reserved;
};
static_assert(sizeof(Module) == 16);

enum class MemoryType : u32 { Ram = 1, Reserved = 2 };

struct [[gnu::packed]] MemoryMapEntry {
    u32 size;  ///< of what follows
    u64 address;
    u64 bytes;
    MemoryType type;
};
static_assert(sizeof(MemoryMapEntry) == 24);

}  // namespace ringfence::abi::multiboot
