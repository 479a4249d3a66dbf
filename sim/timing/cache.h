// SPDX-License-Identifier: MIT
// One cache: which lines it holds, when each was or will be filled, and which are dirty.
#pragma once

#include "sim/timing/associative_array.h"
#include "sim/timing/cycle.h"
#include "sim/timing/parameters.h"

namespace ringfence::sim::timing {

/// Lines are numbers: physical addresses divided by the line's size.
class Cache {
public:
    static constexpr u32 none = AssociativeArray::none;

    explicit Cache(const CacheParameters& parameters)
        : lines_(parameters.sets, parameters.ways),
          filled_(lines_.slot_count()),
          flags_(lines_.slot_count()) {}

    [[nodiscard]] bool absent() const { return lines_.absent(); }
    [[nodiscard]] RF_ALWAYS_INLINE u32 find(u64 line) const { return lines_.find(line, line); }
    void touch(u32 slot) { lines_.touch(slot); }
    /// Not for absent caches.
    [[nodiscard]] u32 set_of(u64 line) const { return lines_.set_of(line); }

    /// When the line's data is or will be there, for whoever waits for it.
    [[nodiscard]] Cycle filled(u32 slot) const { return filled_[slot]; }
    [[nodiscard]] bool dirty(u32 slot) const { return (flags_[slot] & dirty_flag) != 0; }
    void set_dirty(u32 slot, bool dirty) {
        flags_[slot] = static_cast<u8>(dirty ? flags_[slot] | dirty_flag
                                             : flags_[slot] & ~unsigned{dirty_flag});
    }
    /// The line was put by a prefetch, and no demand has come for it yet.
    [[nodiscard]] bool prefetched(u32 slot) const { return (flags_[slot] & prefetched_flag) != 0; }
    void clear_prefetched(u32 slot) {
        flags_[slot] = static_cast<u8>(flags_[slot] & ~unsigned{prefetched_flag});
    }

    struct Evicted {
        u64 line = AssociativeArray::no_key;
        bool dirty = false;
        [[nodiscard]] bool any() const { return line != AssociativeArray::no_key; }
    };
    /// Puts a line that the cache does not hold; gives what had to leave. Not for absent caches.
    Evicted put(u64 line, Cycle filled, bool dirty, bool prefetched = false) {
        const u32 slot = lines_.victim(line);
        const Evicted evicted{lines_.key(slot), this->dirty(slot)};
        lines_.put(slot, line);
        filled_[slot] = filled;
        flags_[slot] =
            static_cast<u8>((dirty ? dirty_flag : 0) | (prefetched ? prefetched_flag : 0));
        return evicted;
    }

    struct Removed {
        bool present = false;
        bool dirty = false;
    };
    Removed remove(u64 line) {
        const u32 slot = find(line);
        if (slot == none) {
            return {};
        }
        const Removed removed{true, dirty(slot)};
        lines_.remove(slot);
        flags_[slot] = 0;
        return removed;
    }
    void clear() {
        lines_.clear();
        std::ranges::fill(filled_, 0);
        std::ranges::fill(flags_, 0);
    }
    /// `latest`: no line is filled later.
    void visit_state(state::Visitor& visitor, Cycle latest);

private:
    static constexpr u8 dirty_flag = 1;
    static constexpr u8 prefetched_flag = 2;

    AssociativeArray lines_;
    std::vector<Cycle> filled_;
    std::vector<u8> flags_;
};

}  // namespace ringfence::sim::timing
