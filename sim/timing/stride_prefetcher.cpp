// SPDX-License-Identifier: MIT
#include "sim/timing/stride_prefetcher.h"

#include "sim/state/visitor.h"

namespace ringfence::sim::timing {

void StridePrefetcher::visit_state(state::Visitor& visitor) {
    std::array<u64, entry_count> instructions{};
    std::array<u64, entry_count> last{};
    std::array<u64, entry_count> strides{};
    std::array<u8, entry_count> repeats{};
    for (unsigned i = 0; i < entry_count; ++i) {
        instructions[i] = entries_[i].instruction;
        last[i] = entries_[i].last;
        strides[i] = entries_[i].stride;
        repeats[i] = entries_[i].repeats;
    }
    visitor.field("instructions", instructions);
    visitor.field("last", last);
    visitor.field("strides", strides);
    visitor.field("repeats", repeats);
    for (unsigned i = 0; i < entry_count; ++i) {
        entries_[i] = {.instruction = instructions[i],
                       .last = last[i],
                       .stride = strides[i],
                       .repeats = repeats[i]};
    }
}

}  // namespace ringfence::sim::timing
