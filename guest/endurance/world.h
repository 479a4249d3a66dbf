// SPDX-License-Identifier: MIT
// Where a fuzzing program has memory, and of what kind: fixed places, so that the same seed means
// the same calls.
#pragma once

#include <cstdint>

namespace endurance {

inline constexpr uint64_t page_size = 4096;

inline constexpr uint64_t arena = 0x2'0000'0000;
inline constexpr uint64_t arena_pages = 48;
inline constexpr uint64_t arena_end = arena + arena_pages * page_size;  // nothing follows
inline constexpr uint64_t read_only_area = 0x2'1000'0000;
inline constexpr uint64_t no_access_area = 0x2'1100'0000;
inline constexpr uint64_t code_area = 0x2'1200'0000;
inline constexpr uint64_t shared_area = 0x2'1300'0000;
inline constexpr uint64_t file_area = 0x2'1400'0000;
inline constexpr uint64_t playground = 0x2'2000'0000;  ///< where mappings come and go
inline constexpr uint64_t playground_pages = 64;
inline constexpr uint64_t small_area_pages = 4;

/// A page of the program's own text.
[[nodiscard]] uint64_t page_of_text();

/// Makes memory of all kinds, and files of all kinds under the lowest descriptors. Once per
/// program; without `privileged` it gives its privileges up.
void make_world(bool privileged);

}  // namespace endurance
