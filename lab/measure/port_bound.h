// SPDX-License-Identifier: MIT
// How many cycles a set of operations takes at least, if each takes one of some ports for a cycle.
#pragma once

#include <vector>

namespace ringfence::lab::measure {

/// The ports of each operation, by bit; none is empty. In the long run, when they are repeated
/// again and again: no set of ports can be asked for more than it gives (Hall's theorem).
[[nodiscard]] double cycles_by_ports(const std::vector<unsigned>& operations);

}  // namespace ringfence::lab::measure
