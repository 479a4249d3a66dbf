// SPDX-License-Identifier: MIT
// The regions of an address space, in ascending order and never overlapping.
#pragma once

#include <optional>

#include "kernel/core/containers/vector.h"
#include "kernel/core/vm/region.h"

namespace ringfence::kernel {

class RegionSet {
public:
    /// The region that holds `address`, or null. Pointers are valid until the next change.
    [[nodiscard]] const Region* find(VirtualAddress address) const;
    [[nodiscard]] Region* find(VirtualAddress address);
    /// The lowest region that ends above `address`, or null.
    [[nodiscard]] Region* first_ending_above(VirtualAddress address);
    /// The highest region that ends at or below `address`, or null.
    [[nodiscard]] const Region* last_ending_at_or_below(VirtualAddress address) const;

    /// Makes sure that the next few changes, each of which cuts two regions at most, find the
    /// memory that they need; false if there is none.
    [[nodiscard]] bool make_room() { return regions_.try_make_room(room_for_changes); }
    /// The same for a copy of `other`.
    [[nodiscard]] bool make_room_for(const RegionSet& other) {
        return regions_.try_reserve(other.count() + room_for_changes);
    }
    /// Adds a region to a free range; neighbours with the same meaning become one with it.
    void insert(Region region);
    /// Lets the region that ends at `end` end at `new_end`; what lies between is free.
    void extend(VirtualAddress end, VirtualAddress new_end);
    /// Takes [start, end) out, cutting the regions at its edges.
    void remove(VirtualAddress start, VirtualAddress end);
    /// Calls `change` for each region within [start, end), cut so that only that range changes.
    template <typename Change>
    void update(VirtualAddress start, VirtualAddress end, Change change) {
        split_at(start);
        split_at(end);
        for (usize i = position_of(start); i < regions_.size() && regions_[i].start < end; ++i) {
            change(regions_[i]);
        }
        merge_around(start, end);
    }
    /// True if no byte of [start, end) is free.
    [[nodiscard]] bool covers(VirtualAddress start, VirtualAddress end) const;
    [[nodiscard]] bool is_free(VirtualAddress start, VirtualAddress end) const;
    /// The highest free range of `size` bytes within [bottom, top).
    [[nodiscard]] std::optional<VirtualAddress> find_gap(u64 size, VirtualAddress bottom,
                                                         VirtualAddress top) const;
    [[nodiscard]] u64 total_size() const;

    [[nodiscard]] usize count() const { return regions_.size(); }
    [[nodiscard]] const Region* begin() const { return regions_.begin(); }
    [[nodiscard]] const Region* end() const { return regions_.end(); }

private:
    static constexpr usize room_for_changes = 8;

    /// Index of the first region that ends above `address`.
    [[nodiscard]] usize position_of(VirtualAddress address) const;
    void split_at(VirtualAddress address);
    void merge_around(VirtualAddress start, VirtualAddress end);

    Vector<Region> regions_;
};

}  // namespace ringfence::kernel
