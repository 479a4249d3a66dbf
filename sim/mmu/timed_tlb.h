// SPDX-License-Identifier: MIT
// One level of TLB as a CPU has it: an array for each page size, or one for several; entries tagged
// by PCID or global. [intel/vol3]: 4.10.2
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "base/address.h"
#include "sim/mmu/walker.h"
#include "sim/state/forward.h"
#include "sim/timing/associative_array.h"
#include "sim/timing/cycle.h"
#include "sim/timing/parameters.h"

namespace ringfence::sim::mmu {

/// Which entries of each tag have been forgotten: an entry lives while it has its tag's epoch.
class TagEpochs {
public:
    static constexpr u16 global_tag = 4096;  ///< one past the last PCID
    static constexpr unsigned bits = 13;     ///< of a tag

    TagEpochs() : epochs_(global_tag + 1, 1) {}

    [[nodiscard]] u64 of(u16 tag) const { return epochs_[tag]; }
    void drop(u16 tag) { ++epochs_[tag]; }
    void drop_all_but_globals() {
        for (u16 tag = 0; tag < global_tag; ++tag) {
            ++epochs_[tag];
        }
    }
    void drop_all() {
        drop_all_but_globals();
        ++epochs_[global_tag];
    }

private:
    std::vector<u64> epochs_;
};

/// The three sizes that have entries of their own; 4 MiB pages are kept as two of 2 MiB.
enum class EntrySize : u8 { Small, Medium, Large };
inline constexpr unsigned entry_size_count = 3;
inline constexpr std::array<u8, entry_size_count> entry_shifts{12, 21, 30};

/// One entry: a page, or a piece of one where the array has no entries of its size.
struct TimedTlbEntry {
    timing::Cycle filled = 0;  ///< when the walk that brought it ends
    PhysicalAddress start;     ///< of what the entry covers
    Rights rights;
    u8 shift = 0;       ///< log2 of the bytes that the entry covers
    u8 page_shift = 0;  ///< log2 of the size of the page that it belongs to
    bool dirty = false;
    bool global = false;
};

class TimedTlb {
public:
    /// The arrays by entry size; those with no sets are absent. `homes` says which array keeps the
    /// entries of each page size, and as entries of which size.
    struct Home {
        EntrySize array = EntrySize::Small;
        EntrySize entry = EntrySize::Small;
    };
    using Homes = std::array<std::optional<Home>, entry_size_count>;
    TimedTlb(const std::array<timing::TlbParameters, entry_size_count>& arrays, const Homes& homes);

    /// A first level: sizes without an array of their own go into the next smaller one's in pieces,
    /// or, if there is but the 4 KiB array, into that whole.
    static TimedTlb first_level(timing::TlbParameters small, timing::TlbParameters medium,
                                timing::TlbParameters large);
    /// The second level: sizes without an array are not kept; `shared`: 2 MiB pages are kept whole
    /// in the 4 KiB array.
    static TimedTlb second_level(timing::TlbParameters small, timing::TlbParameters medium,
                                 timing::TlbParameters large, bool shared);

    /// From now on no entry covers more than `bit(shift)` bytes: larger pages are kept in pieces.
    void limit_entries(u8 shift) { most_shift_ = shift; }

    [[nodiscard]] bool absent() const;

    /// The live entry for `address`, tagged `pcid` or global, and now the most recently used; null
    /// if there is none. `address` is canonical. Valid until the next insertion.
    [[nodiscard]] RF_ALWAYS_INLINE TimedTlbEntry* find(VirtualAddress address, u16 pcid) {
        TimedTlbEntry* const entry = find_size(last_size_, address, pcid);
        return RF_LIKELY(entry != nullptr) ? entry : find_other_sizes(address, pcid);
    }

    /// How to say again that an entry was used.
    struct Use {
        timing::AssociativeArray* keys = nullptr;
        u32 slot = 0;
        void again() const { keys->touch(slot); }
    };
    /// Of an entry that `find` gave; valid until the next insertion.
    [[nodiscard]] Use use_of(const TimedTlbEntry& entry);

    /// Keeps the translation of `address`, if this level has room for pages of its size.
    void insert(VirtualAddress address, u16 pcid, const Translation& translation, bool dirty,
                timing::Cycle filled);

    /// Forgets the whole page of `address` under `pcid`, and under the global tag if asked.
    void drop_page(VirtualAddress address, u16 pcid, bool with_globals);
    void drop_pcid(u16 pcid) { epochs_.drop(pcid); }
    void drop_all_but_globals() { epochs_.drop_all_but_globals(); }
    void drop_all() { epochs_.drop_all(); }

    /// Calls `visit(VirtualAddress start, u16 tag, const TimedTlbEntry&)` for each live entry, in
    /// the order of the arrays; the tag is a PCID or TagEpochs::global_tag.
    template <typename Visitor>
    void for_each(Visitor visit) const {
        for (const Array& array : arrays_) {
            for (u32 slot = 0; slot < array.keys.slot_count(); ++slot) {
                if (array.keys.key(slot) != timing::AssociativeArray::no_key &&
                    is_live(array, slot)) {
                    const u64 key = array.keys.key(slot);
                    visit(start_of(key), tag_of(key), array.entries[slot]);
                }
            }
        }
    }
    /// `latest`: no entry is filled later.
    void visit_state(state::Visitor& visitor, timing::Cycle latest);

private:
    struct Array {
        explicit Array(const timing::TlbParameters& parameters)
            : keys(parameters.sets, parameters.ways),
              epochs(keys.slot_count()),
              entries(keys.slot_count()) {}
        timing::AssociativeArray keys;
        std::vector<u64> epochs;
        std::vector<TimedTlbEntry> entries;
    };

    /// A key: page number (of 57-bit addresses), entry size, tag.
    static constexpr unsigned address_bits = 57;
    static constexpr unsigned size_bits = 2;
    static u64 number_of(EntrySize size, VirtualAddress address) {
        return (address.value() & low_mask(address_bits)) >>
               entry_shifts[static_cast<unsigned>(size)];
    }
    static u64 key_of(EntrySize size, u64 number, u16 tag) {
        return (((number << size_bits) | static_cast<u64>(size)) << TagEpochs::bits) | tag;
    }
    static u16 tag_of(u64 key) { return static_cast<u16>(key & low_mask(TagEpochs::bits)); }
    static VirtualAddress start_of(u64 key);
    static EntrySize size_of(u64 key) {
        return static_cast<EntrySize>((key >> TagEpochs::bits) & low_mask(size_bits));
    }
    void visit_array(state::Visitor& visitor, Array& array, timing::Cycle latest);
    void find_what_is_in_use();

    [[nodiscard]] bool is_live(const Array& array, u32 slot) const {
        return array.epochs[slot] == epochs_.of(tag_of(array.keys.key(slot)));
    }
    RF_ALWAYS_INLINE TimedTlbEntry* find_key(Array& array, u64 key, u64 number) {
        const u32 slot = array.keys.find(key, number);
        if (slot == timing::AssociativeArray::none || !is_live(array, slot)) {
            return nullptr;
        }
        array.keys.touch(slot);
        return &array.entries[slot];
    }
    RF_ALWAYS_INLINE TimedTlbEntry* find_size(EntrySize size, VirtualAddress address, u16 pcid) {
        const u64 number = number_of(size, address);
        Array& array = arrays_[array_of_[static_cast<unsigned>(size)]];
        TimedTlbEntry* const own = find_key(array, key_of(size, number, pcid), number);
        if (RF_LIKELY(own != nullptr) || !holds_globals_) {
            return own;
        }
        return find_key(array, key_of(size, number, TagEpochs::global_tag), number);
    }
    RF_NEVER_INLINE TimedTlbEntry* find_other_sizes(VirtualAddress address, u16 pcid);
    void drop_pieces(VirtualAddress address, u16 pcid, bool with_globals);

    std::array<Array, entry_size_count> arrays_;
    Homes homes_;
    std::array<u8, entry_size_count> array_of_{};  ///< where entries of each size are
    std::array<bool, entry_size_count> in_use_{};  ///< an entry of that size was ever kept
    EntrySize last_size_ = EntrySize::Small;       ///< looked for first: for host speed only
    bool holds_globals_ = false;                   ///< one was ever kept
    bool holds_pieces_ = false;
    u8 most_shift_ = entry_shifts.back();
    TagEpochs epochs_;
};

}  // namespace ringfence::sim::mmu
