// SPDX-License-Identifier: MIT
// How many operations wait in the scheduler, which they leave out of order.
#pragma once

#include <array>
#include <vector>

#include "base/compiler.h"
#include "sim/state/forward.h"
#include "sim/timing/cycle.h"

namespace ringfence::sim::timing {

/// Entries that are taken at dispatch and free from the cycle after issue on. Kept as counts of
/// those that leave in each of the coming cycles, and a heap of those that leave later.
class Scheduler {
public:
    explicit Scheduler(u32 entries);

    /// The first cycle from `at` on in which `wanted` entries (at most all) are free.
    RF_ALWAYS_INLINE Cycle room_for(u32 wanted, Cycle at) {
        if (at > present_) {
            advance(at);
        }
        while (RF_UNLIKELY(waiting_ + wanted > entries_)) {
            advance(present_ + 1);
        }
        return present_;
    }

    /// One entry is taken until `issue`; never after the caller dispatches anything at `issue + 1`.
    void enter(Cycle issue) {
        if (issue < present_) {
            return;
        }
        ++waiting_;
        if (issue - present_ < span) {
            ++leaving_[issue % span];
        } else {
            enter_late(issue);
        }
    }

    [[nodiscard]] u32 waiting() const { return waiting_; }

    void visit_state(state::Visitor& visitor, Cycle latest);

private:
    static constexpr Cycle span = 512;
    /// In a file: far more than any core has entries.
    static constexpr usize most_late = usize{1} << 20;

    RF_ALWAYS_INLINE void advance(Cycle present) {
        while (present_ < present) {
            if (waiting_ == late_.size()) {
                skip_towards(present);
                continue;
            }
            waiting_ -= leaving_[present_ % span];
            leaving_[present_ % span] = 0;
            ++present_;
            if (!late_.empty() && late_.front() < present_ + span) {
                admit_late();
            }
        }
    }
    void skip_towards(Cycle present);
    void enter_late(Cycle issue);
    void admit_late();

    std::array<u32, span> leaving_{};
    std::vector<Cycle> late_;  ///< a heap, the earliest in front
    Cycle present_ = 0;
    u32 waiting_ = 0;
    u32 entries_;
};

}  // namespace ringfence::sim::timing
