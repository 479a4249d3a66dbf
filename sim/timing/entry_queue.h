// SPDX-License-Identifier: MIT
// A queue of the core whose entries are taken and freed in program order.
#pragma once

#include <bit>
#include <vector>

#include "base/compiler.h"
#include "sim/timing/cycle.h"

namespace ringfence::sim::timing {

/// Its users are numbered; each leaves at a cycle that is known when the next are looked at.
class EntryQueue {
public:
    explicit EntryQueue(u32 entries)
        : leaves_(std::bit_ceil(std::size_t{entries})),
          mask_(leaves_.size() - 1),
          entries_(entries) {
        RF_ASSERT(entries > 0);
    }

    /// The first cycle in which number `user` finds an entry; `never` if that is held by a user
    /// from `known` on.
    [[nodiscard]] Cycle free_for(u64 user, u64 known) const {
        if (user < entries_) {
            return 0;
        }
        const u64 holder = user - entries_;
        return holder < known ? leaves_[holder & mask_] + 1 : never;
    }

    void leave(u64 user, Cycle at) { leaves_[user & mask_] = at; }

private:
    std::vector<Cycle> leaves_;
    u64 mask_;
    u64 entries_;
};

}  // namespace ringfence::sim::timing
