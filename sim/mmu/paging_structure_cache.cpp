// SPDX-License-Identifier: MIT
#include "sim/mmu/paging_structure_cache.h"

namespace ringfence::sim::mmu {

using timing::AssociativeArray;

PagingStructureCaches::PagingStructureCaches(const timing::TranslationParameters& parameters)
    : caches_{Cache{parameters.pde, 2}, Cache{parameters.pdpte, 3}, Cache{parameters.pml4, 4}} {}

bool PagingStructureCaches::knows(unsigned level, unsigned shift, VirtualAddress address,
                                  u16 pcid) {
    if (level > highest_level) {
        return false;
    }
    Cache& cache = cache_of(level);
    const u64 prefix = prefix_of(address, shift);
    const u32 slot = cache.keys.find(key_of(prefix, pcid), prefix);
    if (slot == AssociativeArray::none || !is_live(cache, slot) || cache.shifts[slot] != shift) {
        return false;
    }
    cache.keys.touch(slot);
    return true;
}

void PagingStructureCaches::insert(unsigned level, unsigned shift, VirtualAddress address,
                                   u16 pcid) {
    if (level > highest_level || cache_of(level).keys.absent()) {
        return;
    }
    Cache& cache = cache_of(level);
    const u64 prefix = prefix_of(address, shift);
    const u64 key = key_of(prefix, pcid);
    u32 slot = cache.keys.find(key, prefix);
    if (slot == AssociativeArray::none) {
        slot = cache.keys.victim(prefix, [&](u32 candidate) { return is_live(cache, candidate); });
    }
    cache.keys.put(slot, key);
    cache.epochs[slot] = epochs_.of(pcid);
    cache.shifts[slot] = static_cast<u8>(shift);
}

void PagingStructureCaches::drop_address(VirtualAddress address, u16 pcid) {
    for (Cache& cache : caches_) {
        for (u32 slot = 0; slot < cache.keys.slot_count(); ++slot) {
            const u64 key = cache.keys.key(slot);
            if (key == key_of(prefix_of(address, cache.shifts[slot]), pcid)) {
                cache.keys.remove(slot);
            }
        }
    }
}

}  // namespace ringfence::sim::mmu
