// SPDX-License-Identifier: MIT
// Where measurements work: the memory that the program around them gives them.
#pragma once

#include <span>

#include "base/types.h"
#include "guest/measurements/code.h"

namespace ringfence::measurements {

/// A measured number in thousandths: of a cycle, of an entry, of an instruction.
using Thousandths = u64;
inline constexpr u64 thousand = 1000;

/// The processor lacks what was to be measured.
inline constexpr Thousandths not_here = ~u64{0};

inline constexpr u64 line_bytes = 64;
inline constexpr u64 page_bytes = 4096;

/// Lines of one set of a cache: `stride` bytes apart, and so many of them are kept. 0: not found
/// yet.
struct CacheSet {
    u64 stride = 0;
    u64 lines = 0;
};

/// What several measurements build on, once it has been found.
struct Found {
    u64 l1d_bytes = 0;
    u64 l2_bytes = 0;
    CacheSet l1d_set;
    CacheSet l2_set;
    CacheSet llc_set;
};

struct Workbench {
    Code code;           ///< in pages of their own
    Code fresh;          ///< never cleared: no predictor has seen what is written there
    std::span<u8> data;  ///< whole pages
    Found found{};
};

}  // namespace ringfence::measurements
