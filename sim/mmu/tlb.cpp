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

const Tlb::Entry* Tlb::find_entry(unsigned size, VirtualAddress address, u16 tag) const {
    const u64 page_number = address.value() >> size_shifts[size];
    for (const Entry& entry : arrays_[size].set_of(page_number)) {
        if (entry.page_number == page_number && entry.tag == tag && is_live(entry)) {
            return &entry;
        }
    }
    return nullptr;
}

const Translation* Tlb::find(VirtualAddress address, u16 pcid) const {
    for (unsigned size = 0; size < size_shifts.size(); ++size) {
        if (!arrays_[size].ever_used()) {
            continue;
        }
        const Entry* entry = find_entry(size, address, pcid);
        if (entry == nullptr && holds_globals_) {
            entry = find_entry(size, address, global_tag);
        }
        if (entry != nullptr) {
            return &entry->translation;
        }
    }
    return nullptr;
}

std::optional<Tlb::Evicted> Tlb::insert(VirtualAddress address, u16 pcid,
                                        const Translation& translation) {
    const unsigned size = size_index(translation.size_shift);
    const u16 tag = translation.global ? global_tag : pcid;
    const u64 page_number = address.value() >> translation.size_shift;
    Translation whole = translation;
    whole.page = translation.page.align_down(u64{1} << translation.size_shift);
    if (Entry* const same = find_entry(size, address, tag); same != nullptr) {
        same->translation = whole;
        return std::nullopt;
    }
    holds_globals_ = holds_globals_ || translation.global;
    arrays_[size].note_use();
    Entry& victim = *std::ranges::min_element(
        arrays_[size].set_of(page_number), {},
        [&](const Entry& entry) { return is_live(entry) ? entry.inserted : 0; });
    std::optional<Evicted> evicted;
    if (is_live(victim)) {
        evicted = {.page = VirtualAddress{victim.page_number << size_shifts[size]},
                   .global = victim.tag == global_tag,
                   .pcid = victim.tag,
                   .large = size != 0};
    }
    victim = {page_number, tag, epochs_[tag], ++insertions_, whole};
    return evicted;
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
