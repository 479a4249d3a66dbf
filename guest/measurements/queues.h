// SPDX-License-Identifier: MIT
// The core's queues, by how far apart two misses may be and still overlap: what lies between them
// fills a queue, and once it is full the second does not enter before the first is done. (Henry
// Wong's method: blog.stuffedcow.net, "Measuring Reorder Buffer Capacity", 2013.)
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

Thousandths reorder_buffer(Workbench& bench);
Thousandths scheduler(Workbench& bench);
Thousandths load_queue(Workbench& bench);
Thousandths store_queue(Workbench& bench);

/// Slots of the reorder buffer that the snippet KIND.NAME takes, copied `copies` times to average.
Thousandths slots_of(Workbench& bench, std::span<const u8> code, u64 copies);

}  // namespace ringfence::measurements
