// SPDX-License-Identifier: MIT
// Where a first-level TLB keeps the pages that were used lately, so that finding them again costs a
// few compares. For host speed only: forgetting any of it changes nothing.
#pragma once

#include <array>
#include <optional>

#include "base/address.h"
#include "base/compiler.h"
#include "sim/memory/physical_memory.h"
#include "sim/mmu/timed_tlb.h"

namespace ringfence::sim::mmu {

/// Pages of RAM that accesses of one kind may use. What is remembered holds for the context in
/// which it was found, until the TLB changes.
class PageMemo {
public:
    /// Everything before this is forgotten.
    void forget_all() { ++version_; }

    void remember(VirtualAddress address, u64 context, const TimedTlbEntry& entry,
                  TimedTlb::Use use) {
        const u64 page = number_of(address);
        entries_[page % entry_count] = {
            .page = page,
            .context = context,
            .version = version_,
            .filled = entry.filled,
            .physical =
                (entry.start + address.offset_in(bit(entry.shift))).align_down(memory::page_size),
            .use = use};
    }

    /// Where `address` is, and that its entry was used, if that is remembered and the entry was
    /// there at `at`.
    RF_ALWAYS_INLINE std::optional<PhysicalAddress> recall(VirtualAddress address, u64 context,
                                                           timing::Cycle at) const {
        const u64 page = number_of(address);
        const Entry& entry = entries_[page % entry_count];
        const u64 differences =
            (entry.page ^ page) | (entry.context ^ context) | (entry.version ^ version_);
        if (RF_LIKELY(differences == 0 && entry.filled <= at)) {
            entry.use.again();
            return entry.physical + address.offset_in(memory::page_size);
        }
        return std::nullopt;
    }

private:
    static constexpr unsigned entry_count = 64;
    static u64 number_of(VirtualAddress address) { return address.value() / memory::page_size; }

    struct Entry {
        u64 page = 0;
        u64 context = 0;
        u64 version = 0;  ///< never the present one at first
        timing::Cycle filled = 0;
        PhysicalAddress physical{};
        TimedTlb::Use use;
    };
    std::array<Entry, entry_count> entries_{};
    u64 version_ = 1;
};

}  // namespace ringfence::sim::mmu
