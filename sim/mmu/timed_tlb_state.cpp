// SPDX-License-Identifier: MIT
// What of the timed TLBs and of the paging-structure caches is saved and restored. Of epochs only
// which entries they have ended is: they begin anew.
#include "sim/mmu/paging_structure_cache.h"
#include "sim/mmu/timed_tlb.h"
#include "sim/timing/saved_times.h"

namespace ringfence::sim::mmu {

using timing::AssociativeArray;

namespace {

/// Whether each key of an array is one of a tag that there is.
bool has_known_tags(const AssociativeArray& keys) {
    for (u32 slot = 0; slot < keys.slot_count(); ++slot) {
        const u64 tag = keys.key(slot) & low_mask(TagEpochs::bits);
        if (keys.key(slot) != AssociativeArray::no_key && tag > TagEpochs::global_tag) {
            return false;
        }
    }
    return true;
}

/// Entries of a TLB, field by field. Those of slots without a key are as if never used.
struct SavedEntries {
    explicit SavedEntries(usize count)
        : live(count),
          filled(count),
          starts(count),
          rights(count),
          protection_keys(count),
          shifts(count),
          page_shifts(count),
          dirty(count),
          global(count) {}

    static constexpr u8 writable = 1;
    static constexpr u8 user = 2;
    static constexpr u8 executable = 4;
    static constexpr u8 largest_key = 15;

    void visit_state(state::Visitor& visitor) {
        visitor.field("live", live);
        visitor.field("filled", filled);
        visitor.field("starts", starts);
        visitor.field("rights", rights);
        visitor.field("protection_keys", protection_keys);
        visitor.field("shifts", shifts);
        visitor.field("page_shifts", page_shifts);
        visitor.field("dirty", dirty);
        visitor.field("global", global);
    }
    void take(usize i, const TimedTlbEntry& entry, bool is_live) {
        live[i] = is_live ? 1 : 0;
        filled[i] = entry.filled;
        starts[i] = entry.start.value();
        rights[i] = static_cast<u8>((entry.rights.writable ? writable : 0) |
                                    (entry.rights.user ? user : 0) |
                                    (entry.rights.executable ? executable : 0));
        protection_keys[i] = entry.rights.key;
        shifts[i] = entry.shift;
        page_shifts[i] = entry.page_shift;
        dirty[i] = entry.dirty ? 1 : 0;
        global[i] = entry.global ? 1 : 0;
    }
    [[nodiscard]] TimedTlbEntry entry(usize i) const {
        return {.filled = filled[i],
                .start = PhysicalAddress{starts[i]},
                .rights = {.writable = (rights[i] & writable) != 0,
                           .user = (rights[i] & user) != 0,
                           .executable = (rights[i] & executable) != 0,
                           .key = protection_keys[i]},
                .shift = shifts[i],
                .page_shift = page_shifts[i],
                .dirty = dirty[i] != 0,
                .global = global[i] != 0};
    }
    [[nodiscard]] bool is_unused(usize i) const {
        return (filled[i] | starts[i]) == 0 &&
               (live[i] | rights[i] | protection_keys[i] | shifts[i] | page_shifts[i] | dirty[i] |
                global[i]) == 0;
    }
    [[nodiscard]] bool is_possible(usize i) const {
        constexpr u8 largest = entry_shifts.back();
        constexpr u8 all = writable | user | executable;
        return shifts[i] <= page_shifts[i] && page_shifts[i] <= largest && live[i] <= 1 &&
               dirty[i] <= 1 && global[i] <= 1 && rights[i] <= all &&
               protection_keys[i] <= largest_key;
    }

    std::vector<u8> live;
    std::vector<timing::Cycle> filled;
    std::vector<u64> starts;
    std::vector<u8> rights;
    std::vector<u8> protection_keys;
    std::vector<u8> shifts;
    std::vector<u8> page_shifts;
    std::vector<u8> dirty;
    std::vector<u8> global;
};

}  // namespace

void TimedTlb::visit_state(state::Visitor& visitor, timing::Cycle latest) {
    visitor.group("small", [&] { visit_array(visitor, arrays_[0], latest); });
    visitor.group("medium", [&] { visit_array(visitor, arrays_[1], latest); });
    visitor.group("large", [&] { visit_array(visitor, arrays_[2], latest); });
    visitor.field("last_size", last_size_, EntrySize::Large);
    // Not state: homes_, array_of_, most_shift_ (configuration); in_use_, holds_globals_,
    // holds_pieces_ (follow from the entries); epochs_ (saved as which entries live)
    if (visitor.loading() && visitor.ok()) {
        find_what_is_in_use();
    }
}

void TimedTlb::visit_array(state::Visitor& visitor, Array& array, timing::Cycle latest) {
    visitor.part("keys", array.keys);
    if (!has_known_tags(array.keys)) {
        visitor.require(false, "an entry of a tag that there is not");
        return;
    }
    const u32 count = array.keys.slot_count();
    SavedEntries saved(count);
    for (u32 slot = 0; slot < count; ++slot) {
        if (array.keys.key(slot) != AssociativeArray::no_key) {
            saved.take(slot, array.entries[slot], is_live(array, slot));
        }
    }
    saved.visit_state(visitor);
    timing::require_times(visitor, saved.filled, latest);
    for (u32 slot = 0; slot < count; ++slot) {
        const u64 key = array.keys.key(slot);
        const bool possible = key == AssociativeArray::no_key
                                  ? saved.is_unused(slot)
                                  : size_of(key) <= EntrySize::Large && saved.is_possible(slot);
        visitor.require(possible, "an entry that no walk can bring");
    }
    if (!visitor.loading() || !visitor.ok()) {
        return;
    }
    for (u32 slot = 0; slot < count; ++slot) {
        const u64 key = array.keys.key(slot);
        const bool lives = key != AssociativeArray::no_key && saved.live[slot] != 0;
        array.epochs[slot] = lives ? epochs_.of(tag_of(key)) : 0;
        array.entries[slot] = saved.entry(slot);
    }
}

void TimedTlb::find_what_is_in_use() {
    for (const Array& array : arrays_) {
        for (u32 slot = 0; slot < array.keys.slot_count(); ++slot) {
            const u64 key = array.keys.key(slot);
            if (key != AssociativeArray::no_key) {
                in_use_[static_cast<unsigned>(size_of(key))] = true;
                holds_globals_ = holds_globals_ || tag_of(key) == TagEpochs::global_tag;
                holds_pieces_ =
                    holds_pieces_ || array.entries[slot].page_shift > array.entries[slot].shift;
            }
        }
    }
}

void PagingStructureCaches::visit_state(state::Visitor& visitor) {
    visitor.group("pde", [&] { visit_cache(visitor, caches_[0]); });
    visitor.group("pdpte", [&] { visit_cache(visitor, caches_[1]); });
    visitor.group("pml4", [&] { visit_cache(visitor, caches_[2]); });
    // Not state: epochs_ (saved as which entries live)
}

void PagingStructureCaches::visit_cache(state::Visitor& visitor, Cache& cache) {
    visitor.part("keys", cache.keys);
    if (!has_known_tags(cache.keys)) {
        visitor.require(false, "an entry of a tag that there is not");
        return;
    }
    const u32 count = cache.keys.slot_count();
    std::vector<u8> live(count);
    std::vector<u8> shifts(count);
    for (u32 slot = 0; slot < count; ++slot) {
        if (cache.keys.key(slot) != AssociativeArray::no_key) {
            live[slot] = is_live(cache, slot) ? 1 : 0;
            shifts[slot] = cache.shifts[slot];
        }
    }
    visitor.field("live", live);
    visitor.field("shifts", shifts);
    for (u32 slot = 0; slot < count; ++slot) {
        const bool has_key = cache.keys.key(slot) != AssociativeArray::no_key;
        visitor.require(has_key ? shifts[slot] < address_bits && live[slot] <= 1
                                : (shifts[slot] | live[slot]) == 0,
                        "an entry that no walk can bring");
    }
    if (!visitor.loading() || !visitor.ok()) {
        return;
    }
    for (u32 slot = 0; slot < count; ++slot) {
        const u64 key = cache.keys.key(slot);
        const bool lives = key != AssociativeArray::no_key && live[slot] != 0;
        cache.epochs[slot] = lives ? epochs_.of(tag_of(key)) : 0;
        cache.shifts[slot] = shifts[slot];
    }
}

}  // namespace ringfence::sim::mmu
