// SPDX-License-Identifier: MIT
// What of the caches and of what fills them is saved and restored.
#include "sim/timing/memory_hierarchy.h"
#include "sim/timing/saved_times.h"

namespace ringfence::sim::timing {

namespace {

void visit_counts(state::Visitor& visitor, std::string_view name, CacheCounts& counts) {
    visitor.group(name, [&] {
        visitor.field("hits", counts.hits);
        visitor.field("in_flight", counts.in_flight);
        visitor.field("misses", counts.misses);
    });
}

void visit_counts(state::Visitor& visitor, std::string_view name, PrefetchCounts& counts) {
    visitor.group(name, [&] {
        visitor.field("issued", counts.issued);
        visitor.field("dropped", counts.dropped);
    });
}

}  // namespace

void HierarchyStatistics::visit_state(state::Visitor& visitor) {
    visit_counts(visitor, "l1i", l1i);
    visit_counts(visitor, "l1d", l1d);
    visit_counts(visitor, "l2", l2);
    visit_counts(visitor, "llc", llc);
    visit_counts(visitor, "software", software);
    visit_counts(visitor, "stride", stride);
    visit_counts(visitor, "streamer", streamer);
    visit_counts(visitor, "adjacent_line", adjacent_line);
    visit_counts(visitor, "next_line", next_line);
    visitor.field("memory_reads", memory_reads);
    visitor.field("memory_writes", memory_writes);
    visitor.field("back_invalidations", back_invalidations);
}

void MemoryHierarchy::visit_state(state::Visitor& visitor, Cycle latest) {
    visitor.group("l1d", [&] { l1d_.visit_state(visitor, latest); });
    visitor.group("l1i", [&] { l1i_.visit_state(visitor, latest); });
    visitor.group("l2", [&] { l2_.visit_state(visitor, latest); });
    visitor.group("llc", [&] { llc_.visit_state(visitor, latest); });
    visitor.group("fill_buffers", [&] { fill_buffers_.visit_state(visitor, latest); });
    visitor.group("l2_fill_buffers", [&] { l2_fill_buffers_.visit_state(visitor, latest); });
    visitor.group("channel", [&] { channel_.visit_state(visitor, latest); });
    visitor.part("stride", stride_);
    visitor.part("streamer", streamer_);
    visitor.part("statistics", statistics_);
    // Not state: parameters_ (configuration); listener_ (who watches)
}

}  // namespace ringfence::sim::timing
