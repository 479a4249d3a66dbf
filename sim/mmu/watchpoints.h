// SPDX-License-Identifier: MIT
// Data breakpoints, as the MMU sees them: ranges of linear addresses, and which of them were hit.
// Some are the guest's own (debug registers), others a debugger's outside. The fast path holds no
// page that has one, so that each access to such a page comes by here.
#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/compiler.h"
#include "sim/memory/physical_memory.h"
#include "sim/mmu/access.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::mmu {

/// Linear addresses whose accesses are to be reported.
struct WatchedRange {
    u64 first = 0;
    u64 bytes = 0;       ///< 0: watches nothing
    bool reads = false;  ///< reads as well as writes
    bool writes = true;

    [[nodiscard]] bool meets(u64 address, u64 length, AccessKind kind) const {
        const bool watched = kind == AccessKind::Write ? writes : kind == AccessKind::Read && reads;
        return watched && bytes != 0 && address < first + bytes && first < address + length;
    }
};
inline constexpr unsigned watched_range_count = 4;
using WatchedRanges = std::array<WatchedRange, watched_range_count>;

class Watchpoints {
public:
    /// Hits of the guest's own ranges; those of tools are above.
    static constexpr u64 own_hits = low_mask(watched_range_count);
    static constexpr usize most_for_tools = 32;

    void set(const WatchedRanges& ranges) {
        ranges_ = ranges;
        find_any();
    }
    /// At most `most_for_tools`.
    void set_for_tools(std::vector<WatchedRange> ranges) {
        RF_ASSERT(ranges.size() <= most_for_tools);
        tool_ranges_ = std::move(ranges);
        find_any();
    }
    [[nodiscard]] bool any() const { return any_; }

    /// Bit i: the access meets range i; above the guest's own come those of tools.
    [[nodiscard]] u64 met_by(VirtualAddress address, u64 bytes, AccessKind kind) const {
        u64 met = 0;
        for (unsigned i = 0; i < ranges_.size(); ++i) {
            met |= ranges_[i].meets(address.value(), bytes, kind) ? bit(i) : 0;
        }
        for (usize i = 0; i < tool_ranges_.size(); ++i) {
            const unsigned place = watched_range_count + static_cast<unsigned>(i);
            met |= tool_ranges_[i].meets(address.value(), bytes, kind) ? bit(place) : 0;
        }
        return met;
    }
    /// Whether an access of this kind somewhere in the page could meet a range.
    [[nodiscard]] bool lie_in_page(VirtualAddress page, AccessKind kind) const {
        return any_ && met_by(page, memory::page_size, kind) != 0;
    }

    void note(u64 met) { hits_ |= met; }
    /// The ranges that were met since the last call.
    [[nodiscard]] u64 take_hits() { return std::exchange(hits_, 0); }

    void visit_state(state::Visitor& visitor) {
        visitor.field("hits", hits_);
        // Not state: ranges_, any_ (of the debug registers), tool_ranges_ (wiring)
    }

private:
    void find_any() {
        const auto watches = [](const WatchedRange& range) { return range.bytes != 0; };
        any_ = std::ranges::any_of(ranges_, watches) || std::ranges::any_of(tool_ranges_, watches);
    }

    WatchedRanges ranges_{};
    std::vector<WatchedRange> tool_ranges_;
    bool any_ = false;
    u64 hits_ = 0;
};

}  // namespace ringfence::sim::mmu
