// SPDX-License-Identifier: MIT
// For headers that only declare a visit_state.
#pragma once

namespace ringfence::sim::state {

class Visitor;

}  // namespace ringfence::sim::state
