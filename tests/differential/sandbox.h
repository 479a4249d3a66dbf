// SPDX-License-Identifier: MIT
// The memory that the instructions under test may touch. It lies at the same addresses in the
// host's process and in the machine:
//
//   code_base   2 pages  user, executable, not writable; followed by an unmapped page
//   data_base   2 pages  user, writable, not executable
//               1 page   unmapped
//               1 page   user, read-only
//               1 page   unmapped
#pragma once

#include <array>
#include <span>

#include "base/address.h"

namespace ringfence::differential {

inline constexpr u64 page_bytes = 4 * kib;

inline constexpr u64 code_base = 0x1000'0000;
inline constexpr u64 code_bytes = 2 * page_bytes;
inline constexpr u64 data_base = 0x2000'0000;
inline constexpr u64 data_bytes = 2 * page_bytes;
inline constexpr u64 unmapped_page = data_base + data_bytes;
inline constexpr u64 read_only_page = unmapped_page + page_bytes;

/// Whether both have the page of `address`, or both have none.
constexpr bool in_sandbox(u64 address) {
    return (address >= code_base && address < code_base + code_bytes + page_bytes) ||
           (address >= data_base && address < read_only_page + 2 * page_bytes);
}

/// INT3, with which the code pages are filled around the instruction: it ends every case.
inline constexpr u8 filler = 0xcc;

/// The contents of the data pages before or after an instruction.
using DataImage = std::array<u8, data_bytes>;
/// The read-only page never changes.
using ReadOnlyImage = std::array<u8, page_bytes>;

}  // namespace ringfence::differential
