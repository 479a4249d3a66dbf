// SPDX-License-Identifier: MIT
// The L1D prefetcher that watches single load instructions for a regular stride.
#pragma once

#include <array>
#include <bit>
#include <optional>

#include "base/address.h"
#include "base/compiler.h"
#include "sim/state/forward.h"

namespace ringfence::sim::timing {

/// "If a load instruction is detected to have a regular stride, then a prefetch is sent to the next
/// address which is the sum of the current address and the stride", forward or backward, up to 2
/// KiB. [intel/optimization]: data prefetching, IP-based stride prefetcher
class StridePrefetcher {
public:
    /// To be called for each load; the address to prefetch, in the load's page but on another line.
    RF_ALWAYS_INLINE std::optional<PhysicalAddress> observe(PhysicalAddress address,
                                                            u64 instruction) {
        Entry& entry = entries_[index_of(instruction)];
        const u64 stride = address.value() - entry.last;
        entry.last = address.value();
        if (entry.instruction != instruction) {
            entry = {instruction, address.value(), 0, 0};
            return std::nullopt;
        }
        if (stride != entry.stride) {
            entry.stride = stride;
            entry.repeats = 0;
            return std::nullopt;
        }
        if (entry.repeats + 1 < regular) {
            ++entry.repeats;
            return std::nullopt;
        }
        const PhysicalAddress next{address.value() + stride};
        const bool near = stride + longest_stride <= 2 * longest_stride;
        const bool same_page = next.align_down(page_bytes) == address.align_down(page_bytes);
        const bool same_line = next.align_down(line_bytes) == address.align_down(line_bytes);
        return near && same_page && !same_line ? std::optional{next} : std::nullopt;
    }

    void clear() { entries_ = {}; }
    void visit_state(state::Visitor& visitor);

private:
    static constexpr u64 longest_stride = 2 * kib;
    static constexpr u64 page_bytes = 4 * kib;
    static constexpr u64 line_bytes = 64;
    /// Neither the size nor the threshold is published: estimates.
    static constexpr unsigned entry_count = 64;
    static constexpr u8 regular = 2;  ///< times that a stride is repeated

    /// Spreads neighbouring and aligned instructions alike (multiplicative hashing).
    static u64 index_of(u64 instruction) {
        return (instruction * 0x9e37'79b9'7f4a'7c15) >> (64 - std::countr_zero(entry_count));
    }

    struct Entry {
        u64 instruction = 0;
        u64 last = 0;
        u64 stride = 0;
        u8 repeats = 0;
    };
    std::array<Entry, entry_count> entries_{};
};

}  // namespace ringfence::sim::timing
