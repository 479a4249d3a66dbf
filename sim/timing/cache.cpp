// SPDX-License-Identifier: MIT
#include "sim/timing/cache.h"

#include "sim/timing/saved_times.h"

namespace ringfence::sim::timing {

void Cache::visit_state(state::Visitor& visitor, Cycle latest) {
    visitor.part("lines", lines_);
    visit_times(visitor, "filled", filled_, latest);
    visitor.field("flags", flags_);
    visitor.require(std::ranges::all_of(
                        flags_, [](u8 flags) { return flags <= (dirty_flag | prefetched_flag); }),
                    "a line with flags that there are not");
}

}  // namespace ringfence::sim::timing
