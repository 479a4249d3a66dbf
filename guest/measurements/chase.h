// SPDX-License-Identifier: MIT
// A cycle of pointers through memory: each load's address is what the load before it read.
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

/// Cycles for one step of the cycle that begins at `first` and has `count` places, all of which
/// caches and TLBs have seen before.
Thousandths cycles_per_step(Workbench& bench, u8* first, u64 count);

/// Links `place(0)`, `place(1)` and so on to a cycle, and follows it.
template <typename Place>
Thousandths chase(Workbench& bench, u64 count, Place place) {
    for (u64 i = 0; i < count; ++i) {
        *reinterpret_cast<u8**>(place(i)) = place(i + 1 == count ? 0 : i + 1);
    }
    return cycles_per_step(bench, place(0), count);
}

/// A chase through `bytes` (a multiple of 128) of the data from its beginning, all of a page before
/// the next one, so that TLBs hardly matter; every other line in an order in which prefetchers see
/// neither a stream nor a stride.
Thousandths chase_through(Workbench& bench, u64 bytes);

/// A chase through `count` lines that lie `stride` bytes apart.
Thousandths chase_apart(Workbench& bench, u64 count, u64 stride);

/// The same, each time round with `others` lines between, at odd multiples of `other_stride`, of
/// which `stride` is an even one.
Thousandths chase_apart_among(Workbench& bench, u64 count, u64 stride, u64 others,
                              u64 other_stride);

}  // namespace ringfence::measurements
