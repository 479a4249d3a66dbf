// SPDX-License-Identifier: MIT
// Where addresses are mapped for measurements.
#pragma once

#include "base/compiler.h"
#include "guest/measurements/supervisor/page_tables.h"

namespace ringfence::measurements {

struct AddressSpace {
    PageTables tables;
    u64 zeros;  ///< physical address of 2 MiB of zeros, a multiple of 2 MiB
    u64 next_part;

    static constexpr u64 part_bytes = u64{1} << 39U;

    /// The address of 512 GiB in which nothing has ever been mapped.
    u64 take_part() {
        constexpr u64 half = u64{1} << 47U;
        const u64 part = next_part;
        RF_ASSERT(part < half);
        next_part += part_bytes;
        return part;
    }
};

}  // namespace ringfence::measurements
