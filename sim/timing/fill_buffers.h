// SPDX-License-Identifier: MIT
// A number of equal resources, each held for a while: buffers for misses in flight, page walkers.
#pragma once

#include <algorithm>
#include <vector>

#include "base/compiler.h"
#include "sim/timing/cycle.h"
#include "sim/timing/saved_times.h"

namespace ringfence::sim::timing {

/// Requests come in program order while their times may go back and forth. Of the resources that
/// are free at a request's time, the one that was freed last is taken, so that a chain of dependent
/// misses holds one of them and leaves the others to requests that come earlier in time.
class FillBuffers {
public:
    explicit FillBuffers(u32 count) : free_at_(count) { RF_ASSERT(count > 0); }

    struct Grant {
        usize index;
        Cycle start;  ///< the request's time, or when the first resource becomes free
    };
    [[nodiscard]] Grant acquire(Cycle at) const {
        // Those free at `at` by how long they have been, then the others by how long they are not.
        usize best = 0;
        Cycle least = ~Cycle{0};
        for (usize i = 0; i < free_at_.size(); ++i) {
            const Cycle free_at = free_at_[i];
            const Cycle rank = free_at <= at ? at - free_at : never + (free_at - at);
            const bool better = rank < least;
            least = better ? rank : least;
            best = better ? i : best;
        }
        return {best, std::max(at, free_at_[best])};
    }
    void hold(Grant grant, Cycle until) { free_at_[grant.index] = until; }

    [[nodiscard]] bool any_free(Cycle at) const {
        return std::ranges::any_of(free_at_, [&](Cycle free_at) { return free_at <= at; });
    }
    void clear() { std::ranges::fill(free_at_, 0); }
    void visit_state(state::Visitor& visitor, Cycle latest) {
        visit_times(visitor, "free_at", free_at_, latest);
    }

private:
    std::vector<Cycle> free_at_;
};

}  // namespace ringfence::sim::timing
