// SPDX-License-Identifier: MIT
#include "sim/mmu/fast_tlb.h"

namespace ringfence::sim::mmu {

void FastContext::drop_all(u64 new_stamp) {
    stamp = new_stamp;
    if (generation == last_generation) {
        entries.fill({});
        generation = 1;
        return;
    }
    ++generation;
}

void FastContext::drop_page(VirtualAddress address, u64 new_stamp) {
    FastEntry& entry = slot(address.value());
    // Whatever page the slot holds: forgetting is always allowed, and comparing costs more.
    entry = {};
    stamp = new_stamp;
}

void FastContext::drop_data(VirtualAddress address) {
    FastEntry& entry = slot(address.value());
    entry.read_tag = 0;
    entry.write_tag = 0;
}

FastEntry& FastContext::entry_for(u64 page, u64 addend) {
    FastEntry& entry = slot(page);
    const u64 tag = page | generation;
    const bool holds = entry.read_tag == tag || entry.execute_tag == tag;
    if (!holds || entry.addend != addend) {
        entry = {.read_tag = 0, .write_tag = 0, .execute_tag = 0, .addend = addend};
    }
    return entry;
}

void FastContext::drop_writes_to(u64 host_page) {
    for (FastEntry& entry : entries) {
        const u64 page = entry.write_tag & ~memory::page_offset_mask;
        if (entry.write_tag != 0 && entry.addend + page == host_page) {
            entry.write_tag = 0;
        }
    }
}

}  // namespace ringfence::sim::mmu
