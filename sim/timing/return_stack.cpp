// SPDX-License-Identifier: MIT
#include "sim/timing/return_stack.h"

#include "sim/state/visitor.h"

namespace ringfence::sim::timing {

void ReturnStack::visit_state(state::Visitor& visitor) {
    visitor.field("entries", entries_);
    visitor.field("top", top_, depth_ == 0 ? 0 : depth_ - 1);
    visitor.field("size", size_, depth_);
    // Not state: depth_ (configuration)
}

}  // namespace ringfence::sim::timing
