// SPDX-License-Identifier: MIT
// Paging-structure caches: for which prefixes of addresses the walker knows the next table without
// reading the entries above it. [intel/vol3]: 4.10.3
#pragma once

#include <array>
#include <vector>

#include "sim/mmu/timed_tlb.h"

namespace ringfence::sim::mmu {

/// Only that an entry is known is kept, not what it said: a walk that skips it goes on from the
/// table that memory names today. A stale paging-structure cache thus changes no translation, only
/// its time; software that forgets to invalidate one is found by looking at the entries.
class PagingStructureCaches {
public:
    static constexpr unsigned lowest_level = 2;   ///< PDEs
    static constexpr unsigned highest_level = 4;  ///< PML4Es

    explicit PagingStructureCaches(const timing::TranslationParameters& parameters);

    /// Whether the entry at `step`, which is no leaf and lies on `address`'s path, is known.
    [[nodiscard]] bool knows(unsigned level, unsigned shift, VirtualAddress address, u16 pcid);
    void insert(unsigned level, unsigned shift, VirtualAddress address, u16 pcid);

    /// What INVPCID of an address and a page fault forget: what that address would use.
    void drop_address(VirtualAddress address, u16 pcid);
    void drop_pcid(u16 pcid) { epochs_.drop(pcid); }
    void drop_all() { epochs_.drop_all(); }

    /// Calls `visit(unsigned level, VirtualAddress start, u16 pcid)` for each live entry.
    template <typename Visitor>
    void for_each(Visitor visit) const {
        for (const Cache& cache : caches_) {
            for (u32 slot = 0; slot < cache.keys.slot_count(); ++slot) {
                const u64 key = cache.keys.key(slot);
                if (key != timing::AssociativeArray::no_key && is_live(cache, slot)) {
                    const u64 start = (key >> TagEpochs::bits) << cache.shifts[slot];
                    visit(cache.level, VirtualAddress{sign_extend(start, address_bits)},
                          tag_of(key));
                }
            }
        }
    }
    void visit_state(state::Visitor& visitor);

private:
    static constexpr unsigned address_bits = 57;
    struct Cache {
        Cache(const timing::TlbParameters& parameters, unsigned of_level)
            : level(of_level),
              keys(parameters.sets, parameters.ways),
              epochs(keys.slot_count()),
              shifts(keys.slot_count()) {}
        unsigned level;
        timing::AssociativeArray keys;
        std::vector<u64> epochs;
        std::vector<u8> shifts;  ///< log2 of what an entry covers: the paging mode's
    };
    static u64 prefix_of(VirtualAddress address, unsigned shift) {
        return (address.value() & low_mask(address_bits)) >> shift;
    }
    static u64 key_of(u64 prefix, u16 pcid) { return (prefix << TagEpochs::bits) | pcid; }
    static u16 tag_of(u64 key) { return static_cast<u16>(key & low_mask(TagEpochs::bits)); }
    [[nodiscard]] bool is_live(const Cache& cache, u32 slot) const {
        return cache.epochs[slot] == epochs_.of(tag_of(cache.keys.key(slot)));
    }
    void visit_cache(state::Visitor& visitor, Cache& cache);
    Cache& cache_of(unsigned level) { return caches_[level - lowest_level]; }

    std::array<Cache, highest_level - lowest_level + 1> caches_;
    TagEpochs epochs_;
};

}  // namespace ringfence::sim::mmu
