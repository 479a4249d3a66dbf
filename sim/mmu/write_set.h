// SPDX-License-Identifier: MIT
// What a transaction has written, as the lines were before: kept so that an abort can put them
// back. [intel/vol1]: 16.3
#pragma once

#include <array>
#include <span>
#include <vector>

#include "sim/memory/physical_memory.h"
#include "sim/state/forward.h"

namespace ringfence::sim::mmu {

/// How many lines a transaction may write: as many as the first-level data cache holds, in each of
/// its sets. A line goes into set (address / 64) mod `sets`.
struct WriteSetShape {
    u32 sets = 64;  ///< at least 1
    u32 ways = 8;   ///< at least 1
};

class WriteSet {
public:
    static constexpr unsigned line_bytes = 64;
    /// A line's contents before the transaction.
    struct Line {
        PhysicalAddress address;
        std::array<u8, line_bytes> before;
    };

    /// `memory` outlives it.
    WriteSet(memory::PhysicalMemory& memory, WriteSetShape shape);

    /// Keeps the lines of [first, first + bytes), which is RAM, as they are now, unless they are
    /// kept already; to be called before each write. False: a set is full. Lines may have been
    /// added then, which does no harm.
    [[nodiscard]] bool add(PhysicalAddress first, unsigned bytes);
    /// Puts the kept lines back, and forgets them.
    void undo();
    void forget();

    /// In the order in which they were first written.
    [[nodiscard]] std::span<const Line> lines() const { return lines_; }
    /// `add` was refused since the set was last empty.
    [[nodiscard]] bool overflowed() const { return overflowed_; }

    void visit_state(state::Visitor& visitor);

private:
    [[nodiscard]] bool add_line(PhysicalAddress address);
    [[nodiscard]] bool restore(PhysicalAddress address, std::span<const u8> before);

    memory::PhysicalMemory& memory_;
    WriteSetShape shape_;
    std::vector<Line> lines_;
    /// By set: how many of its lines are kept, and which (`ways` places each, indexes of `lines_`).
    std::vector<u32> used_;
    std::vector<u32> places_;
    bool overflowed_ = false;
};

}  // namespace ringfence::sim::mmu
