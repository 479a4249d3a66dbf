// SPDX-License-Identifier: MIT
#include "sim/timing/memory_channel.h"

#include <algorithm>

#include "sim/timing/saved_times.h"

namespace ringfence::sim::timing {

Cycle MemoryChannel::reserve(Cycle at) {
    if (gap_ == 0) {
        return at;
    }
    // From the latest that begins a gap or more before `at`, up to the first hole.
    u32 next = count_;
    while (next > 0 && starts_[next - 1] + gap_ > at) {
        --next;
    }
    Cycle start = at;
    while (next < count_ && starts_[next] < start + gap_) {
        start = starts_[next] + gap_;
        ++next;
    }
    if (count_ == remembered) {
        if (next == 0) {
            return start;  // before all that is remembered
        }
        std::copy(starts_.begin() + 1, starts_.begin() + next, starts_.begin());
        starts_[next - 1] = start;
        return start;
    }
    std::copy_backward(starts_.begin() + next, starts_.begin() + count_,
                       starts_.begin() + count_ + 1);
    starts_[next] = start;
    ++count_;
    return start;
}

void MemoryChannel::visit_state(state::Visitor& visitor, Cycle latest) {
    visitor.field("count", count_, remembered);
    std::array<Cycle, remembered> starts{};
    std::copy_n(starts_.begin(), count_, starts.begin());
    visitor.field("starts", starts);
    require_times(visitor, starts, latest);
    starts_ = visitor.loading() ? starts : starts_;
    // Not state: gap_ (configuration)
}

}  // namespace ringfence::sim::timing
