// SPDX-License-Identifier: MIT
// Finds lines that share a set of a cache.
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

/// The first stride of `first`, twice that and so on, and of the last such times a small odd
/// number, with which `kept(stride)` lines are fewest. A way is taken to cover a power of two of
/// bytes, or that times such a number.
template <typename Kept>
CacheSet find_set(u64 first, Kept kept) {
    constexpr u64 largest_factor = 15;
    CacheSet best{first, kept(first)};
    for (u64 lines = kept(2 * best.stride); lines < best.lines; lines = kept(2 * best.stride)) {
        best = {2 * best.stride, lines};
    }
    const u64 power = best.stride;
    for (u64 factor = 3; factor <= largest_factor; factor += 2) {
        if (const u64 lines = kept(factor * power); lines < best.lines) {
            best = {factor * power, lines};
        }
    }
    return best;
}

CacheSet l1d_set(Workbench& bench);
CacheSet l2_set(Workbench& bench);
/// With the ways of the second level where the last takes what that drops.
CacheSet llc_set(Workbench& bench);

}  // namespace ringfence::measurements
