// SPDX-License-Identifier: MIT
// Keys in sets, the least recently used first out: the shape of caches, TLBs and paging-structure
// caches. What belongs to a key is kept by whoever owns the array, in arrays by slot.
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "base/compiler.h"
#include "base/types.h"
#include "sim/state/forward.h"

namespace ringfence::sim::timing {

class AssociativeArray {
public:
    /// No slot; and a key that nothing has.
    static constexpr u32 none = ~u32{0};
    static constexpr u64 no_key = ~u64{0};

    /// Any number of sets; with none, nothing is ever found and `put` must not be called.
    AssociativeArray(u32 sets, u32 ways)
        : sets_(sets),
          ways_(sets == 0 ? 0 : ways),
          set_mask_(std::has_single_bit(sets) ? sets - 1 : 0),
          keys_(std::max<usize>(usize{sets_} * ways_, 1), no_key),
          stamps_(keys_.size()),
          hints_(std::bit_ceil(std::min<usize>(keys_.size(), most_hints))),
          hint_mask_(hints_.size() - 1) {}

    [[nodiscard]] bool absent() const { return ways_ == 0; }
    [[nodiscard]] u32 slot_count() const { return sets_ * ways_; }
    [[nodiscard]] u64 key(u32 slot) const { return keys_[slot]; }
    /// Where keys with this `selector` go. There are sets.
    [[nodiscard]] u32 set_of(u64 selector) const { return first_slot(selector) / ways_; }

    /// The slot of `key`, which was put with this `selector`; none if it is not there. Not a use.
    [[nodiscard]] RF_ALWAYS_INLINE u32 find(u64 key, u64 selector) const {
        u32& hint = hints_[selector & hint_mask_];
        if (RF_LIKELY(keys_[hint] == key)) {
            return hint;
        }
        return find_in_set(key, selector, hint);
    }

    /// Makes `slot` the most recently used.
    void touch(u32 slot) { stamps_[slot] = ++clock_; }

    /// Where `selector`'s next key goes: a slot without a (live) key, else the least recently used.
    [[nodiscard]] u32 victim(u64 selector) const {
        return victim(selector, [](u32) { return true; });
    }
    template <typename IsLive>
    [[nodiscard]] u32 victim(u64 selector, IsLive is_live) const {
        const u32 first = first_slot(selector);
        u32 best = first;
        u64 oldest = ~u64{0};
        for (u32 slot = first; slot < first + ways_; ++slot) {
            // Without a key the stamp is 0, and there is nothing to be live.
            const u64 age = stamps_[slot] != 0 && is_live(slot) ? stamps_[slot] : 0;
            const bool older = age < oldest;
            oldest = older ? age : oldest;
            best = older ? slot : best;
        }
        return best;
    }

    /// Puts a key that is not in the array at `slot`, which `victim` gave; a use.
    void put(u32 slot, u64 key) {
        keys_[slot] = key;
        touch(slot);
    }
    void remove(u32 slot) {
        keys_[slot] = no_key;
        stamps_[slot] = 0;
    }
    void clear() {
        std::ranges::fill(keys_, no_key);
        std::ranges::fill(stamps_, 0);
        clock_ = 0;
    }

    /// Loading: every key may be anything but is used as one that was put.
    void visit_state(state::Visitor& visitor);

private:
    [[nodiscard]] std::vector<u32> ages_in_sets() const;

    /// Where keys were last found, by the selector's low bits: for host speed only.
    static constexpr usize most_hints = 4096;

    [[nodiscard]] u32 first_slot(u64 selector) const {
        const u64 set = set_mask_ != 0 || sets_ == 1 ? selector & set_mask_ : selector % sets_;
        return static_cast<u32>(set) * ways_;
    }
    [[nodiscard]] u32 find_in_set(u64 key, u64 selector, u32& hint) const {
        if (ways_ == 0) {
            return none;
        }
        const u32 first = first_slot(selector);
        for (u32 slot = first; slot < first + ways_; ++slot) {
            if (keys_[slot] == key) {
                hint = slot;
                return slot;
            }
        }
        return none;
    }

    u32 sets_;
    u32 ways_;
    u64 set_mask_;  ///< 0 unless the number of sets is a power of two above 1
    std::vector<u64> keys_;
    std::vector<u64> stamps_;  ///< the clock at the last use
    mutable std::vector<u32> hints_;
    u64 hint_mask_;
    u64 clock_ = 0;
};

}  // namespace ringfence::sim::timing
