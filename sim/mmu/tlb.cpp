// SPDX-License-Identifier: MIT
#include "sim/mmu/tlb.h"

#include <algorithm>

#include "base/compiler.h"

namespace ringfence::sim::mmu {

namespace {

constexpr unsigned size_index(u8 size_shift) {
    return size_shift == 12 ? 0 : (size_shift == 21 ? 1 : (size_shift == 22 ? 2 : 3));
}

}  // namespace

Tlb::Tlb()
    : arrays_{Array{512, 4}, Array{64, 4}, Array{16, 4}, Array{4, 4}}, epochs_(global_tag + 1, 1) {}

Tlb::Entry* Tlb::find_entry(unsigned size, VirtualAddress address, u16 tag) {
    const u64 page_number = address.value() >> size_shifts[size];
    for (Entry& entry : arrays_[size].set_of(page_number)) {
        if (entry.page_number == page_number && entry.tag == tag && entry.epoch == epochs_[tag]) {
            return &entry;
        }
    }
    return nullptr;
}

const Translation* Tlb::find(VirtualAddress address, u16 pcid) {
    for (unsigned size = 0; size < size_shifts.size(); ++size) {
        if (!arrays_[size].ever_used()) {
            continue;
        }
        Entry* entry = find_entry(size, address, pcid);
        if (entry == nullptr && holds_globals_) {
            entry = find_entry(size, address, global_tag);
        }
        if (entry != nullptr) {
            entry->last_use = ++uses_;
            return &entry->translation;
        }
    }
    return nullptr;
}

bool Tlb::insert(VirtualAddress address, u16 pcid, const Translation& translation) {
    const unsigned size = size_index(translation.size_shift);
    const u16 tag = translation.global ? global_tag : pcid;
    const u64 page_number = address.value() >> translation.size_shift;
    holds_globals_ = holds_globals_ || translation.global;
    arrays_[size].note_use();

    const auto is_live = [&](const Entry& entry) { return entry.epoch == epochs_[entry.tag]; };
    Entry* victim = find_entry(size, address, tag);
    bool pushed_out_large = false;
    if (victim == nullptr) {
        const auto set = arrays_[size].set_of(page_number);
        victim = &*std::ranges::min_element(
            set, {}, [&](const Entry& entry) { return is_live(entry) ? entry.last_use : 0; });
        pushed_out_large = size != 0 && is_live(*victim);
    }
    Translation whole = translation;
    whole.page = translation.page.align_down(u64{1} << translation.size_shift);
    *victim = {page_number, tag, epochs_[tag], ++uses_, whole};
    return pushed_out_large;
}

Tlb::Dropped Tlb::drop_page(VirtualAddress address, u16 pcid, bool with_globals) {
    Dropped dropped = Dropped::Nothing;
    const auto drop = [&](unsigned size, u16 tag) {
        if (Entry* const entry = find_entry(size, address, tag); entry != nullptr) {
            entry->epoch = 0;
            dropped = std::max(dropped, size == 0 ? Dropped::SmallPage : Dropped::LargePage);
        }
    };
    for (unsigned size = 0; size < size_shifts.size(); ++size) {
        if (arrays_[size].ever_used()) {
            drop(size, pcid);
            if (with_globals) {
                drop(size, global_tag);
            }
        }
    }
    return dropped;
}

void Tlb::drop_pcid(u16 pcid) {
    RF_ASSERT(pcid < global_tag);
    ++epochs_[pcid];
}

void Tlb::drop_all_but_globals() {
    for (unsigned tag = 0; tag < global_tag; ++tag) {
        ++epochs_[tag];
    }
}

void Tlb::drop_all() {
    drop_all_but_globals();
    ++epochs_[global_tag];
    holds_globals_ = false;
}

}  // namespace ringfence::sim::mmu
