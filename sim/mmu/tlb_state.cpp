// SPDX-License-Identifier: MIT
// A TLB as a list of its live entries.
#include <algorithm>

#include "arch/x86/pte_4level.h"
#include "sim/mmu/tlb.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::mmu {

namespace {

constexpr std::array<const char*, 4> size_names{"4k", "2m", "4m", "1g"};
constexpr u64 physical_address_bits = 52;

/// An entry's rights and flags in one number.
struct EntryBits {
    static constexpr Flag<0, u8> writable{};
    static constexpr Flag<1, u8> user{};
    static constexpr Flag<2, u8> executable{};
    static constexpr Flag<3, u8> dirty{};
    static constexpr Bitfield<4, 4, u8> key{};

    static u8 of(const Translation& translation) {
        return static_cast<u8>(writable.make(translation.rights.writable ? 1 : 0) |
                               user.make(translation.rights.user ? 1 : 0) |
                               executable.make(translation.rights.executable ? 1 : 0) |
                               dirty.make(translation.dirty ? 1 : 0) |
                               key.make(translation.rights.key));
    }
};

}  // namespace

/// The live entries of one page size, in the order of their places.
struct Tlb::SavedEntries {
    std::vector<u32> slots;
    std::vector<u64> page_numbers;
    std::vector<u16> tags;
    std::vector<u64> inserted;
    std::vector<u64> frames;
    std::vector<u8> bits;
};

Tlb::SavedEntries Tlb::live_entries(unsigned size) {
    SavedEntries saved;
    const auto entries = arrays_[size].entries();
    for (u32 slot = 0; slot < entries.size(); ++slot) {
        const Entry& entry = entries[slot];
        if (!is_live(entry)) {
            continue;
        }
        saved.slots.push_back(slot);
        saved.page_numbers.push_back(entry.page_number);
        saved.tags.push_back(entry.tag);
        saved.inserted.push_back(entry.inserted);
        saved.frames.push_back(entry.translation.page.value());
        saved.bits.push_back(EntryBits::of(entry.translation));
    }
    return saved;
}

void Tlb::visit_state(state::Visitor& visitor) {
    visitor.field("insertions", insertions_);
    for (unsigned size = 0; size < size_shifts.size(); ++size) {
        SavedEntries saved = live_entries(size);
        const usize most = arrays_[size].entries().size();
        visitor.group(size_names[size], [&] {
            visitor.list("slots", saved.slots, most);
            visitor.list("page_numbers", saved.page_numbers, most);
            visitor.list("tags", saved.tags, most);
            visitor.list("inserted", saved.inserted, most);
            visitor.list("frames", saved.frames, most);
            visitor.list("bits", saved.bits, most);
            check_saved(visitor, size, saved);
        });
        if (visitor.loading() && visitor.ok()) {
            restore(size, saved);
        }
    }
    // Not state: arrays_ (saved above, by live entry); epochs_ (say which are live);
    // holds_globals_ (for speed)
}

/// What the rest of the class relies on.
void Tlb::check_saved(state::Visitor& visitor, unsigned size, const SavedEntries& saved) const {
    const usize count = saved.slots.size();
    const bool even = saved.page_numbers.size() == count && saved.tags.size() == count &&
                      saved.inserted.size() == count && saved.frames.size() == count &&
                      saved.bits.size() == count;
    visitor.require(even, "lists of different lengths");
    for (usize i = 0; even && i < count; ++i) {
        const bool ordered = i == 0 || saved.slots[i - 1] < saved.slots[i];
        const unsigned set = arrays_[size].set_number(saved.page_numbers[i]);
        const bool in_set = saved.slots[i] / arrays_[size].ways() == set;
        const bool known_tag = saved.tags[i] <= global_tag;
        const bool past = saved.inserted[i] > 0 && saved.inserted[i] <= insertions_;
        const bool frame = is_aligned(saved.frames[i], bit(size_shifts[size])) &&
                           saved.frames[i] <= low_mask(physical_address_bits);
        visitor.require(ordered && in_set && known_tag && past && frame, "an impossible entry");
    }
}

void Tlb::restore(unsigned size, const SavedEntries& saved) {
    const auto entries = arrays_[size].entries();
    std::ranges::fill(entries, Entry{});
    for (usize i = 0; i < saved.slots.size(); ++i) {
        const u8 bits = saved.bits[i];
        const bool global = saved.tags[i] == global_tag;
        entries[saved.slots[i]] = {
            .page_number = saved.page_numbers[i],
            .tag = saved.tags[i],
            .epoch = epochs_[saved.tags[i]],
            .inserted = saved.inserted[i],
            .translation = {.page = PhysicalAddress{saved.frames[i]},
                            .rights = {.writable = EntryBits::writable.test(bits),
                                       .user = EntryBits::user.test(bits),
                                       .executable = EntryBits::executable.test(bits),
                                       .key = EntryBits::key.get(bits)},
                            .size_shift = size_shifts[size],
                            .dirty = EntryBits::dirty.test(bits),
                            .global = global}};
        holds_globals_ = holds_globals_ || global;
        arrays_[size].note_use();
    }
}

}  // namespace ringfence::sim::mmu
