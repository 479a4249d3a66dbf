// SPDX-License-Identifier: MIT
#include "sim/mmu/timed_tlb.h"

#include <algorithm>

namespace ringfence::sim::mmu {

using timing::AssociativeArray;
using timing::TlbParameters;

namespace {

constexpr unsigned index_of(EntrySize size) {
    return static_cast<unsigned>(size);
}

/// The size of the entries that keep a page, where there are such entries.
constexpr EntrySize entry_size_of(u8 page_shift) {
    return page_shift < entry_shifts[1]   ? EntrySize::Small
           : page_shift < entry_shifts[2] ? EntrySize::Medium
                                          : EntrySize::Large;
}

}  // namespace

TimedTlb::TimedTlb(const std::array<TlbParameters, entry_size_count>& arrays, const Homes& homes)
    : arrays_{Array{arrays[0]}, Array{arrays[1]}, Array{arrays[2]}}, homes_(homes) {
    for (const std::optional<Home>& home : homes) {
        if (home.has_value()) {
            array_of_[index_of(home->entry)] = static_cast<u8>(home->array);
        }
    }
}

TimedTlb TimedTlb::first_level(TlbParameters small, TlbParameters medium, TlbParameters large) {
    using enum EntrySize;
    const bool has_medium = medium.sets != 0;
    const bool has_large = large.sets != 0;
    Homes homes;
    homes[0] = Home{Small, Small};
    homes[1] = has_medium ? Home{Medium, Medium} : Home{Small, Medium};
    homes[2] = has_large    ? Home{Large, Large}
               : has_medium ? Home{Medium, Medium}
                            : Home{Small, Large};
    return TimedTlb{{small, medium, large}, homes};
}

TimedTlb TimedTlb::second_level(TlbParameters small, TlbParameters medium, TlbParameters large,
                                bool shared) {
    using enum EntrySize;
    Homes homes;
    if (small.sets != 0) {
        homes[0] = Home{Small, Small};
    }
    if (medium.sets != 0) {
        homes[1] = Home{Medium, Medium};
    } else if (shared && small.sets != 0) {
        homes[1] = Home{Small, Medium};
    }
    if (large.sets != 0) {
        homes[2] = Home{Large, Large};
    }
    return TimedTlb{{small, medium, large}, homes};
}

bool TimedTlb::absent() const {
    return std::ranges::all_of(arrays_, [](const Array& array) { return array.keys.absent(); });
}

VirtualAddress TimedTlb::start_of(u64 key) {
    const u64 sized_number = key >> TagEpochs::bits;
    const u8 shift = entry_shifts[sized_number & low_mask(size_bits)];
    return VirtualAddress{sign_extend((sized_number >> size_bits) << shift, address_bits)};
}

TimedTlbEntry* TimedTlb::find_other_sizes(VirtualAddress address, u16 pcid) {
    for (const EntrySize size : {EntrySize::Small, EntrySize::Medium, EntrySize::Large}) {
        if (size == last_size_ || !in_use_[index_of(size)]) {
            continue;
        }
        if (TimedTlbEntry* const entry = find_size(size, address, pcid); entry != nullptr) {
            last_size_ = size;
            return entry;
        }
    }
    return nullptr;
}

TimedTlb::Use TimedTlb::use_of(const TimedTlbEntry& entry) {
    for (Array& array : arrays_) {
        const auto slot = static_cast<usize>(&entry - array.entries.data());
        if (slot < array.entries.size()) {
            return {.keys = &array.keys, .slot = static_cast<u32>(slot)};
        }
    }
    RF_UNREACHABLE("an entry lies in one of the arrays");
}

void TimedTlb::insert(VirtualAddress address, u16 pcid, const Translation& translation, bool dirty,
                      timing::Cycle filled) {
    const u8 kept_shift = std::min(translation.size_shift, most_shift_);
    const std::optional<Home>& home = homes_[index_of(entry_size_of(kept_shift))];
    if (!home.has_value()) {
        return;
    }
    const u8 shift = entry_shifts[index_of(home->entry)];
    const u16 tag = translation.global ? TagEpochs::global_tag : pcid;
    const u64 number = number_of(home->entry, address);
    const u64 key = key_of(home->entry, number, tag);
    Array& array = arrays_[index_of(home->array)];

    u32 slot = array.keys.find(key, number);
    if (slot == AssociativeArray::none) {
        slot = array.keys.victim(number, [&](u32 candidate) { return is_live(array, candidate); });
    }
    array.keys.put(slot, key);
    array.epochs[slot] = epochs_.of(tag);
    array.entries[slot] = {.filled = filled,
                           .start = translation.page.align_down(bit(shift)),
                           .rights = translation.rights,
                           .shift = shift,
                           .page_shift = translation.size_shift,
                           .dirty = dirty,
                           .global = translation.global};
    in_use_[index_of(home->entry)] = true;
    holds_globals_ = holds_globals_ || translation.global;
    holds_pieces_ = holds_pieces_ || translation.size_shift > shift;
}

void TimedTlb::drop_page(VirtualAddress address, u16 pcid, bool with_globals) {
    for (const EntrySize size : {EntrySize::Small, EntrySize::Medium, EntrySize::Large}) {
        if (!in_use_[index_of(size)]) {
            continue;
        }
        AssociativeArray& keys = arrays_[array_of_[index_of(size)]].keys;
        const u64 number = number_of(size, address);
        const auto drop = [&](u16 tag) {
            if (const u32 slot = keys.find(key_of(size, number, tag), number);
                slot != AssociativeArray::none) {
                keys.remove(slot);
            }
        };
        drop(pcid);
        if (with_globals) {
            drop(TagEpochs::global_tag);
        }
    }
    if (holds_pieces_) {
        drop_pieces(address, pcid, with_globals);
    }
}

/// All entries of the page that `address` lies in go, not only the one that covers it.
/// [intel/vol3]: 4.10.2.3
void TimedTlb::drop_pieces(VirtualAddress address, u16 pcid, bool with_globals) {
    for (Array& array : arrays_) {
        for (u32 slot = 0; slot < array.keys.slot_count(); ++slot) {
            const u64 key = array.keys.key(slot);
            if (key == AssociativeArray::no_key ||
                array.entries[slot].page_shift == array.entries[slot].shift) {
                continue;
            }
            const u64 page_bytes = bit(array.entries[slot].page_shift);
            const bool same_page =
                start_of(key).align_down(page_bytes) == address.align_down(page_bytes);
            const bool same_tag =
                tag_of(key) == pcid || (with_globals && tag_of(key) == TagEpochs::global_tag);
            if (same_page && same_tag) {
                array.keys.remove(slot);
            }
        }
    }
}

}  // namespace ringfence::sim::mmu
