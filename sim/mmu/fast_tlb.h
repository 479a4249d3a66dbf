// SPDX-License-Identifier: MIT
// Host pointers to guest pages, so that most accesses cost one compare and one add. This is for
// host speed only: it holds nothing that tlb.h does not, and forgetting any of it is always right
// and changes nothing.
#pragma once

#include <array>

#include "base/address.h"
#include "base/types.h"
#include "sim/memory/physical_memory.h"

namespace ringfence::sim::mmu {

/// One guest page. A tag is the page's virtual address with the context's generation in its low
/// bits; a tag that does not match means "ask the MMU".
struct FastEntry {
    u64 read_tag;
    u64 write_tag;  ///< only for dirty pages without decoded code
    u64 execute_tag;
    u64 addend;  ///< host address minus virtual address, modulo 2^64
};

/// The pages that one kind of access (privilege) sees in one address space (PCID).
struct FastContext {
    static constexpr unsigned entry_count = 1024;
    static constexpr u64 last_generation = memory::page_size - 1;

    std::array<FastEntry, entry_count> entries{};
    /// 1 to last_generation, never 0: zeroed entries match nothing.
    u64 generation = 1;
    /// Differs between any two (context, generation) pairs of a machine. While it stays the same,
    /// a page that could be executed still can be, at the same physical address.
    u64 stamp = 0;

    static constexpr u64 index_of(u64 address) {
        return (address / memory::page_size) % entry_count;
    }
    /// The tag that an access of `bytes` at `address` must find. An access that runs into the next
    /// page asks for that page's tag in this page's slot, where it can never be.
    [[nodiscard]] u64 tag_of(u64 address, u64 bytes) const {
        return ((address + bytes - 1) & ~memory::page_offset_mask) | generation;
    }
    [[nodiscard]] FastEntry& slot(u64 address) { return entries[index_of(address)]; }
    [[nodiscard]] const FastEntry& slot(u64 address) const { return entries[index_of(address)]; }

    /// Forgets everything in constant time (but for one wipe in 4094).
    void drop_all(u64 new_stamp);
    /// Forgets one page.
    void drop_page(VirtualAddress address, u64 new_stamp);
    /// Forgets one page for loads and stores.
    void drop_data(VirtualAddress address);
    /// The entry for `page`, which lies `addend` away on the host: as it is if it holds that page
    /// there already, else empty.
    FastEntry& entry_for(u64 page, u64 addend);
    /// Ends direct writes to the page of RAM at host address `page`.
    void drop_writes_to(u64 host_page);
};

}  // namespace ringfence::sim::mmu
