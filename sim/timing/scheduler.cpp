// SPDX-License-Identifier: MIT
#include "sim/timing/scheduler.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "sim/timing/saved_times.h"

namespace ringfence::sim::timing {

Scheduler::Scheduler(u32 entries) : entries_(entries) {
    late_.reserve(2 * std::size_t{entries});
}

/// All that wait leave late, if any do: nothing happens before the earliest of them comes near,
/// which may be millions of cycles on, behind a processor that was halted.
void Scheduler::skip_towards(Cycle present) {
    if (late_.empty()) {
        present_ = present;
        return;
    }
    present_ = std::min(present, late_.front() - span + 1);
    admit_late();
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

/// Each entry that is taken leaves at some time, or dispatch would wait for ever.
void Scheduler::visit_state(state::Visitor& visitor, Cycle latest) {
    visit_time(visitor, "present", present_, latest);
    visitor.field("waiting", waiting_);
    visitor.field("leaving", leaving_);
    visitor.list("late", late_, most_late);
    // Not state: entries_ (configuration)
    const Cycle last = present_ + 2 * longest_wait;
    visitor.require(std::ranges::all_of(late_, [=](Cycle issue) { return issue <= last; }) &&
                        std::ranges::is_heap(late_, std::greater{}),
                    "entries that leave too late, or in no order");
    const u64 leaves = std::accumulate(leaving_.begin(), leaving_.end(), u64{late_.size()});
    visitor.require(leaves == waiting_, "entries that nobody leaves");
}

}  // namespace ringfence::sim::timing
