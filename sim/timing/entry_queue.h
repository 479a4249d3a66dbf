// SPDX-License-Identifier: MIT
// A queue of the core whose entries are taken and freed in program order.
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "base/compiler.h"
#include "sim/state/visitor.h"
#include "sim/timing/cycle.h"

namespace ringfence::sim::timing {

/// Its users are numbered; each leaves at a cycle that is known when the next are looked at.
class EntryQueue {
public:
    explicit EntryQueue(u32 entries)
        : leaves_(std::bit_ceil(std::size_t{entries}), at_once),
          mask_(leaves_.size() - 1),
          entries_(entries) {
        RF_ASSERT(entries > 0);
    }

    /// The first cycle in which number `user` finds an entry; `never` if that is held by a user
    /// from `known` on.
    [[nodiscard]] Cycle free_for(u64 user, u64 known) const {
        return user < entries_ || user - entries_ < known ? free_for(user) : never;
    }
    /// The same for a user whose entry is held by one that is known.
    [[nodiscard]] Cycle free_for(u64 user) const { return leaves_[(user - entries_) & mask_] + 1; }

    void leave(u64 user, Cycle at) { leaves_[user & mask_] = at; }

    void visit_state(state::Visitor& visitor, Cycle latest) {
        visitor.field("leaves", leaves_);
        visitor.require(
            std::ranges::all_of(leaves_, [=](Cycle at) { return at + 1 <= latest + 1; }),
            "an entry that is held for too long");
        // Not state: mask_, entries_ (configuration)
    }

private:
    /// Of an entry that nobody has held yet: free from cycle 0 on.
    static constexpr Cycle at_once = ~Cycle{0};

    std::vector<Cycle> leaves_;
    u64 mask_;
    u64 entries_;
};

}  // namespace ringfence::sim::timing
