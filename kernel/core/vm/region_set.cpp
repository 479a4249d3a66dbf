// SPDX-License-Identifier: MIT
#include "kernel/core/vm/region_set.h"

#include <algorithm>

namespace ringfence::kernel {

usize RegionSet::position_of(VirtualAddress address) const {
    const auto at =
        std::lower_bound(regions_.begin(), regions_.end(), address,
                         [](const Region& a, VirtualAddress wanted) { return a.end <= wanted; });
    return static_cast<usize>(at - regions_.begin());
}

const Region* RegionSet::find(VirtualAddress address) const {
    const usize position = position_of(address);
    return position < regions_.size() && regions_[position].contains(address) ? &regions_[position]
                                                                              : nullptr;
}

Region* RegionSet::find(VirtualAddress address) {
    return const_cast<Region*>(static_cast<const RegionSet*>(this)->find(address));
}

Region* RegionSet::first_ending_above(VirtualAddress address) {
    const usize position = position_of(address);
    return position < regions_.size() ? &regions_[position] : nullptr;
}

const Region* RegionSet::last_ending_at_or_below(VirtualAddress address) const {
    const usize position = position_of(address);
    return position > 0 ? &regions_[position - 1] : nullptr;
}

void RegionSet::insert(Region region) {
    RF_ASSERT(region.start < region.end && is_free(region.start, region.end));
    const VirtualAddress start = region.start;
    const VirtualAddress end = region.end;
    regions_.insert(position_of(start), std::move(region));
    merge_around(start, end);
}

void RegionSet::extend(VirtualAddress end, VirtualAddress new_end) {
    Region* const region = find(end - 1);
    RF_ASSERT(region != nullptr && region->end == end && is_free(end, new_end));
    region->end = new_end;
    merge_around(end, new_end);
}

void RegionSet::split_at(VirtualAddress address) {
    const usize position = position_of(address);
    if (position == regions_.size() || regions_[position].start >= address) {
        return;
    }
    Region upper = regions_[position];
    Region& lower = regions_[position];
    upper.offset = lower.offset + (address - lower.start);
    upper.start = address;
    lower.end = address;
    regions_.insert(position + 1, std::move(upper));
}

void RegionSet::merge_around(VirtualAddress start, VirtualAddress end) {
    usize position = position_of(start);
    position -= position > 0 ? 1 : 0;
    while (position + 1 < regions_.size() && regions_[position].start <= end) {
        if (regions_[position].continues_in(regions_[position + 1])) {
            regions_[position].end = regions_[position + 1].end;
            regions_.erase(position + 1);
        } else {
            ++position;
        }
    }
}

void RegionSet::remove(VirtualAddress start, VirtualAddress end) {
    split_at(start);
    split_at(end);
    const usize first = position_of(start);
    usize last = first;
    while (last < regions_.size() && regions_[last].start < end) {
        ++last;
    }
    regions_.erase(first, last - first);
}

bool RegionSet::covers(VirtualAddress start, VirtualAddress end) const {
    VirtualAddress covered = start;
    for (usize i = position_of(start); covered < end; ++i) {
        if (i == regions_.size() || regions_[i].start > covered) {
            return false;
        }
        covered = regions_[i].end;
    }
    return true;
}

bool RegionSet::is_free(VirtualAddress start, VirtualAddress end) const {
    const usize position = position_of(start);
    return position == regions_.size() || regions_[position].start >= end;
}

std::optional<VirtualAddress> RegionSet::find_gap(u64 size, VirtualAddress bottom,
                                                  VirtualAddress top) const {
    VirtualAddress gap_end = top;
    for (usize i = position_of(top); i < regions_.size() && regions_[i].start < gap_end; ++i) {
        gap_end = regions_[i].start;
    }
    for (usize i = position_of(gap_end);; --i) {
        const VirtualAddress gap_start = i > 0 ? std::max(regions_[i - 1].end, bottom) : bottom;
        if (gap_end >= gap_start && gap_end - gap_start >= size) {
            return gap_end - size;
        }
        if (i == 0 || gap_start == bottom) {
            return std::nullopt;
        }
        gap_end = regions_[i - 1].start;
    }
}

u64 RegionSet::total_size() const {
    u64 total = 0;
    for (const Region& region : regions_) {
        total += region.size();
    }
    return total;
}

}  // namespace ringfence::kernel
