// SPDX-License-Identifier: MIT
// The way to memory: one line at a time, a gap apart.
#pragma once

#include <array>

#include "sim/state/forward.h"
#include "sim/timing/cycle.h"

namespace ringfence::sim::timing {

class MemoryChannel {
public:
    /// `gap`: between the starts of two lines.
    explicit MemoryChannel(Cycle gap) : gap_(gap) {}

    /// The earliest start from `at` on that is a gap away from those given before, as far as they
    /// are remembered; now given.
    Cycle reserve(Cycle at);

    void clear() { count_ = 0; }
    void visit_state(state::Visitor& visitor, Cycle latest);

private:
    /// More lines than any preset's buffers can have on the way at once.
    static constexpr u32 remembered = 64;

    Cycle gap_;
    std::array<Cycle, remembered> starts_{};  ///< ascending
    u32 count_ = 0;
};

}  // namespace ringfence::sim::timing
