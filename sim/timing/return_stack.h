// SPDX-License-Identifier: MIT
// Where calls return to, as the front end believes it: a ring that forgets the oldest.
#pragma once

#include <array>

#include "base/types.h"
#include "sim/state/forward.h"

namespace ringfence::sim::timing {

/// A value: copied with the path that it belongs to, so that a squashed path leaves no trace in it.
class ReturnStack {
public:
    static constexpr u32 capacity = 64;

    /// `depth`: entries, 1 to `capacity`; 0: never predicts.
    explicit ReturnStack(u32 depth = 0) : depth_(depth) {}

    void push(u64 address) {
        if (depth_ == 0) {
            return;
        }
        top_ = top_ + 1 == depth_ ? 0 : top_ + 1;
        entries_[top_] = address;
        size_ = size_ == depth_ ? depth_ : size_ + 1;
    }

    /// The newest address, which is removed; 0 if there is none.
    u64 pop() {
        if (size_ == 0) {
            return 0;
        }
        const u64 address = entries_[top_];
        top_ = top_ == 0 ? depth_ - 1 : top_ - 1;
        --size_;
        return address;
    }

    void visit_state(state::Visitor& visitor);

private:
    std::array<u64, capacity> entries_{};
    u32 depth_;
    u32 top_ = 0;
    u32 size_ = 0;
};

}  // namespace ringfence::sim::timing
