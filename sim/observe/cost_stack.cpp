// SPDX-License-Identifier: MIT
#include "sim/observe/cost_stack.h"

#include "sim/state/visitor.h"

namespace ringfence::sim::observe {

void CostStack::visit_state(state::Visitor& visitor) {
    visitor.field("user", cycles[static_cast<unsigned>(Place::User)]);
    visitor.field("entry", cycles[static_cast<unsigned>(Place::Entry)]);
    visitor.field("kernel", cycles[static_cast<unsigned>(Place::Kernel)]);
    visitor.field("exit", cycles[static_cast<unsigned>(Place::Exit)]);
    static_assert(place_count == 4);
}

}  // namespace ringfence::sim::observe
