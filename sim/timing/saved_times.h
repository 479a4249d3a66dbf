// SPDX-License-Identifier: MIT
// Cycles as fields. A file may claim any, and a machine that must wait for one that is far away
// would never come to an end: those that nobody could be waiting for are refused.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "sim/state/visitor.h"
#include "sim/timing/cycle.h"

namespace ringfence::sim::timing {

/// What was begun by the present ends at most so many cycles later: a third of a second.
inline constexpr Cycle longest_wait = Cycle{1} << 30;

/// A cycle of which none after `latest` makes sense.
inline void visit_time(state::Visitor& visitor, std::string_view name, Cycle& time, Cycle latest) {
    visitor.field(name, time, latest);
}
inline void require_times(state::Visitor& visitor, std::span<const Cycle> times, Cycle latest) {
    visitor.require(std::ranges::all_of(times, [=](Cycle time) { return time <= latest; }),
                    "a time that is too far away");
}
inline void visit_times(state::Visitor& visitor, std::string_view name, std::vector<Cycle>& times,
                        Cycle latest) {
    visitor.field(name, times);
    require_times(visitor, times, latest);
}

}  // namespace ringfence::sim::timing
