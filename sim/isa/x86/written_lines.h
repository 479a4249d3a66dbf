// SPDX-License-Identifier: MIT
// Whether the lines that a transaction has written are still where it keeps them: in the
// first-level cache, from which anything else may push them out.
#pragma once

#include <algorithm>
#include <vector>

#include "sim/mmu/write_set.h"
#include "sim/state/visitor.h"
#include "sim/timing/memory_hierarchy.h"

namespace ringfence::sim::isa::x86 {

class WrittenLines {
public:
    /// To be called after each instruction of the transaction. False: a line is gone.
    [[nodiscard]] bool still_in(const timing::MemoryHierarchy& caches,
                                const mmu::WriteSet& written) {
        // A line whose store the model does not know of was never there, and cannot go.
        for (; seen_ < written.lines().size(); ++seen_) {
            const PhysicalAddress line = written.lines()[seen_].address;
            if (caches.l1d_holds(line)) {
                lines_.push_back(line);
            }
        }
        return std::ranges::all_of(lines_,
                                   [&](PhysicalAddress line) { return caches.l1d_holds(line); });
    }
    void forget() {
        seen_ = 0;
        lines_.clear();
    }

    void visit_state(state::Visitor& visitor) {
        u64 seen = seen_;
        std::vector<u64> lines;
        for (const PhysicalAddress line : lines_) {
            lines.push_back(line.value());
        }
        visitor.field("seen", seen);
        visitor.list("lines", lines, most_lines);
        seen_ = seen;
        lines_.clear();
        for (const u64 line : lines) {
            lines_.emplace_back(line);
        }
    }

private:
    /// In a file: as many as no first-level cache has.
    static constexpr usize most_lines = usize{1} << 20;

    usize seen_ = 0;
    std::vector<PhysicalAddress> lines_;
};

}  // namespace ringfence::sim::isa::x86
