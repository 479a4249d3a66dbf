// SPDX-License-Identifier: MIT
#include "sim/machine/boot/memory_map.h"

#include "sim/machine/boot/guest_space.h"

namespace ringfence::sim::machine::boot {

using memory::RamLayout;

std::vector<MemoryRange> memory_map(const RamLayout& layout) {
    std::vector<MemoryRange> map{
        {0, low_memory_end, true},
        {low_memory_end, RamLayout::hole_end - low_memory_end, false},
    };
    if (layout.low_end > RamLayout::hole_end) {
        map.push_back({RamLayout::hole_end, layout.low_end - RamLayout::hole_end, true});
    }
    if (layout.high_end > RamLayout::high_start) {
        map.push_back({RamLayout::high_start, layout.high_end - RamLayout::high_start, true});
    }
    return map;
}

}  // namespace ringfence::sim::machine::boot
