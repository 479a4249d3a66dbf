// SPDX-License-Identifier: MIT
// A hypervisor's tables below the guest's (EPT, nested paging), in time only: guest-physical
// addresses are host-physical ones, and every entry of a walk, and the page that it leads to, is
// translated once more. [intel/vol3]: 28.3.2
#pragma once

#include "sim/mmu/paging_structure_cache.h"
#include "sim/timing/memory_hierarchy.h"

namespace ringfence::sim::mmu {

/// Four levels of tables that map all of memory by pages of one size. Its paging-structure caches
/// are apart from the guest's, which forget without it: no instruction that a guest may execute
/// invalidates them. Mappings themselves are not kept ([intel/vol3]: 28.3.1 allows it; no vendor
/// says how many).
class NestedTables {
public:
    /// Exists only where `parameters.nested_page_shift` is not 0. `hierarchy` outlives it.
    NestedTables(const timing::TranslationParameters& parameters,
                 timing::MemoryHierarchy& hierarchy);

    /// When a guest-physical address that is known at `at` has been translated.
    timing::Cycle translate(PhysicalAddress guest, timing::Cycle at);

    [[nodiscard]] u64 reads() const { return reads_; }
    void visit_state(state::Visitor& visitor);

private:
    timing::MemoryHierarchy& hierarchy_;
    PagingStructureCaches caches_;
    unsigned leaf_level_;
    u64 reads_ = 0;
};

}  // namespace ringfence::sim::mmu
