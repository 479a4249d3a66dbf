// SPDX-License-Identifier: MIT
// Which prefetchers there are, by what is in the caches that nobody asked for.
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

// 1 if there is one, else 0.

/// Brings the other line of an aligned pair.
Thousandths adjacent_line_prefetcher(Workbench& bench);
/// Follows lines that are asked for upwards or downwards.
Thousandths stream_prefetcher(Workbench& bench);
/// Follows one instruction's stride.
Thousandths stride_prefetcher(Workbench& bench);
/// Brings the code behind the one that is fetched.
Thousandths next_line_instruction_prefetcher(Workbench& bench);

}  // namespace ringfence::measurements
