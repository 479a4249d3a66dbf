// SPDX-License-Identifier: MIT
#include "sim/timing/scheduler.h"

#include <algorithm>
#include <functional>

namespace ringfence::sim::timing {

Scheduler::Scheduler(u32 entries) : entries_(entries) {
    late_.reserve(2 * std::size_t{entries});
}

void Scheduler::enter_late(Cycle issue) {
    late_.push_back(issue);
    std::ranges::push_heap(late_, std::greater{});
}

void Scheduler::admit_late() {
    while (!late_.empty() && late_.front() < present_ + span) {
        ++leaving_[late_.front() % span];
        std::ranges::pop_heap(late_, std::greater{});
        late_.pop_back();
    }
}

}  // namespace ringfence::sim::timing
