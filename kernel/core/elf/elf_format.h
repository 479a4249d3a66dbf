// SPDX-License-Identifier: MIT
// The parts of the 64-bit ELF format that loading a program needs. [sysv/gabi]: chapters 4 and 5
#pragma once

#include "base/types.h"

namespace ringfence::kernel::elf {

inline constexpr u8 magic[4] = {'\x7f', 'E', 'L', 'F'};

struct FileHeader {
    u8 identification[16];  ///< magic, class, data encoding, version, ABI
    u16 type;
    u16 machine;
    u32 version;
    u64 entry;
    u64 program_headers_offset;
    u64 section_headers_offset;
    u32 flags;
    u16 header_size;
    u16 program_header_size;
    u16 program_header_count;
    u16 section_header_size;
    u16 section_header_count;
    u16 section_names_index;
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
    u32 type;
    u32 flags;
    u64 offset;
    u64 address;
    u64 physical_address;
    u64 file_size;
    u64 memory_size;
    u64 alignment;
};
static_assert(sizeof(ProgramHeader) == 56);

inline constexpr u8 class_32 = 1;
inline constexpr u8 class_64 = 2;
inline constexpr u8 little_endian = 1;
inline constexpr u16 type_executable = 2;
inline constexpr u16 type_shared = 3;  ///< also a position-independent executable

inline constexpr u32 segment_load = 1;
inline constexpr u32 segment_interpreter = 3;
inline constexpr u32 segment_program_headers = 6;
/// PT_GNU_STACK: its flags say whether the stack is executable.
inline constexpr u32 segment_stack = 1685382481;

}  // namespace ringfence::kernel::elf
