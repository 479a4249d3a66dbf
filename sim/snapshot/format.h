// SPDX-License-Identifier: MIT
// The layout of a snapshot file. Numbers have their lowest byte first.
//
//   0          FileHeader
//   64         the sections' stored bytes, then the chunks', in the directory's order, without gaps
//   directory  its fields (Directory), up to the end of the file
//
// What is stored is compressed (zstd, one frame each). Every byte of the file is covered by a
// checksum that is held against it before the byte is used.
#pragma once

#include <array>

#include "base/types.h"

namespace ringfence::sim::snapshot {

/// The first byte is no text, and the last ones do not survive a transfer as text.
inline constexpr std::array<u8, 8> magic{0x89, 'R', 'F', 'S', 'N', '\r', '\n', 0x1a};

/// Of this layout. What the sections hold is held against the program that reads them, field by
/// field.
inline constexpr u32 format_version = 1;

struct FileHeader {
    std::array<u8, 8> magic{};
    u32 version = 0;
    u32 reserved = 0;  ///< 0
    u64 file_bytes = 0;
    u64 directory_offset = 0;
    u64 directory_hash = 0;
    u64 reserved_40 = 0;  ///< 0
    u64 reserved_48 = 0;  ///< 0
    u64 header_hash = 0;  ///< of what is before it
};
static_assert(sizeof(FileHeader) == 64);

}  // namespace ringfence::sim::snapshot
