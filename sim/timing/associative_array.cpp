// SPDX-License-Identifier: MIT
#include "sim/timing/associative_array.h"

#include "sim/state/visitor.h"

namespace ringfence::sim::timing {

/// Only the order of uses within a set decides, and it is all that is saved: how often a key was
/// used depends on what the host remembers of it.
void AssociativeArray::visit_state(state::Visitor& visitor) {
    std::vector<u32> ages = ages_in_sets();
    visitor.field("keys", keys_);
    visitor.field("ages", ages);
    // Not state: sets_, ways_, set_mask_ (configuration); stamps_, clock_ (saved as ages); hints_,
    // hint_mask_ (for host speed)
    if (!visitor.loading() || !visitor.ok()) {
        return;
    }
    for (usize slot = 0; slot < keys_.size(); ++slot) {
        stamps_[slot] = keys_[slot] == no_key ? 0 : ages[slot];
    }
    clock_ = ways_;
    visitor.require(ages == ages_in_sets(), "uses in no order");
}

/// For each slot with a key its place in the order of uses, from 1 for the one that was used last
/// the longest ago; 0 for the others.
std::vector<u32> AssociativeArray::ages_in_sets() const {
    std::vector<u32> ages(keys_.size());
    std::vector<u32> order;
    for (u32 first = 0; first < slot_count(); first += ways_) {
        order.clear();
        for (u32 slot = first; slot < first + ways_; ++slot) {
            if (keys_[slot] != no_key) {
                order.push_back(slot);
            }
        }
        std::ranges::sort(order, {}, [this](u32 slot) { return stamps_[slot]; });
        for (u32 place = 0; place < order.size(); ++place) {
            ages[order[place]] = place + 1;
        }
    }
    return ages;
}

}  // namespace ringfence::sim::timing
