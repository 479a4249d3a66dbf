// SPDX-License-Identifier: MIT
#include "sim/mmu/nested_tables.h"

#include "sim/state/visitor.h"

namespace ringfence::sim::mmu {

namespace {

constexpr unsigned page_bits = 12;
constexpr unsigned index_bits = 9;
constexpr u64 entry_bytes = 8;

/// log2 of what an entry at `level` covers.
constexpr unsigned shift_of(unsigned level) {
    return page_bits + (level - 1) * index_bits;
}

/// Where the tables of a level begin: above all memory, each level's one behind the other, as if
/// every table were there.
constexpr u64 first_table(unsigned level) {
    constexpr unsigned beyond_memory = 50;
    constexpr unsigned level_bits = 46;
    return bit(beyond_memory) | (u64{level} << level_bits);
}

}  // namespace

NestedTables::NestedTables(const timing::TranslationParameters& parameters,
                           timing::MemoryHierarchy& hierarchy)
    : hierarchy_(hierarchy),
      caches_(parameters),
      leaf_level_(1 + (parameters.nested_page_shift - page_bits) / index_bits) {
    RF_ASSERT(shift_of(leaf_level_) == parameters.nested_page_shift);
}

timing::Cycle NestedTables::translate(PhysicalAddress guest, timing::Cycle at) {
    constexpr unsigned top = PagingStructureCaches::highest_level;
    const VirtualAddress key{guest.value()};
    unsigned level = leaf_level_;
    while (level < top && !caches_.knows(level + 1, shift_of(level + 1), key, 0)) {
        ++level;
    }
    timing::Cycle time = at;
    for (; level >= leaf_level_; --level) {
        const u64 index = guest.value() >> shift_of(level);
        time = hierarchy_.walk_read(PhysicalAddress{first_table(level) + index * entry_bytes}, time)
                   .ready;
        ++reads_;
        if (level > leaf_level_) {
            caches_.insert(level, shift_of(level), key, 0);
        }
    }
    return time;
}

void NestedTables::visit_state(state::Visitor& visitor) {
    visitor.part("caches", caches_);
    visitor.field("reads", reads_);
    // Not state: hierarchy_ (wiring); leaf_level_ (configuration)
}

}  // namespace ringfence::sim::mmu
