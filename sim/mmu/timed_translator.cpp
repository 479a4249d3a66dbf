// SPDX-License-Identifier: MIT
#include "sim/mmu/timed_translator.h"

#include <algorithm>

#include "sim/state/visitor.h"

namespace ringfence::sim::mmu {

using timing::Cycle;
using Outcome = TimedTranslation::Outcome;
using FoundIn = TimedTranslation::FoundIn;

namespace {

constexpr unsigned page_bits = 12;

/// log2 of what an entry at `level` covers.
unsigned shift_of(PagingMode mode, unsigned level) {
    const unsigned index_bits = mode == PagingMode::TwoLevel ? 10 : 9;
    return page_bits + (level - 1) * index_bits;
}

}  // namespace

TimedTranslator::TimedTranslator(memory::PhysicalMemory& memory, const PagingFeatures& features,
                                 timing::MemoryHierarchy& hierarchy,
                                 const timing::TranslationParameters& parameters)
    : walker_(memory, features),
      hierarchy_(hierarchy),
      parameters_(parameters),
      instruction_(TimedTlb::first_level(parameters.itlb_4k, parameters.itlb_2m, {})),
      data_(TimedTlb::first_level(parameters.dtlb_4k, parameters.dtlb_2m, parameters.dtlb_1g)),
      second_(TimedTlb::second_level(parameters.stlb_4k, parameters.stlb_2m, parameters.stlb_1g,
                                     parameters.stlb_shared)),
      structures_(parameters),
      walkers_(parameters.walkers) {
    if (parameters.nested_page_shift != 0) {
        nested_.emplace(parameters, hierarchy);
        // An entry is of what both have in one piece. [intel/vol3]: 28.3.1
        for (TimedTlb* const tlb : {&instruction_, &data_, &second_}) {
            tlb->limit_entries(parameters.nested_page_shift);
        }
    }
    RF_ASSERT(parameters.itlb_4k.sets != 0 && parameters.dtlb_4k.sets != 0);
}

const TimedTlbEntry* TimedTranslator::find_answer(TimedTlb& tlb, const Request& request) {
    const auto& [state, address, kind, privilege, at, pcid] = request;
    const TimedTlbEntry* const entry = tlb.find(address, pcid);
    if (entry == nullptr) {
        return nullptr;
    }
    bool answers = false;
    if (allows(entry->rights, state, kind, privilege)) {
        answers = kind != AccessKind::Write || entry->dirty;  // else a walk sets the dirty flag
    } else {
        // As in the Mmu: software may give rights without a flush.
        const WalkPath now = walker_.trace(state, address);
        answers = now.present && !allows(now.result.rights, state, kind, privilege);
    }
    if (answers) {
        return entry;
    }
    tlb.drop_page(address, pcid, true);
    first_levels_changed();
    return nullptr;
}

void TimedTranslator::remember(const PagingState& state, VirtualAddress address, AccessKind kind,
                               u64 context) {
    TimedTlb& tlb = first_level(kind);
    const TimedTlbEntry* const entry =
        state.mode() == PagingMode::Off ? nullptr : tlb.find(address, state.pcid());
    if (entry != nullptr) {
        memo_of(kind).remember(address, context, *entry, tlb.use_of(*entry));
    }
}

void TimedTranslator::keep_in_first_level(const Request& request, const Translation& translation,
                                          bool dirty, Cycle filled) {
    first_level(request.kind).insert(request.address, request.pcid, translation, dirty, filled);
    first_levels_changed();
}

TimedTranslation TimedTranslator::translate_slow(const PagingState& state, VirtualAddress address,
                                                 AccessKind kind, Privilege privilege, Cycle at) {
    if (state.mode() == PagingMode::Off) {
        return {.ready = at,
                .physical = PhysicalAddress{address.value() & low_mask(legacy_address_bits)},
                .has_physical = true,
                .page_shift = page_bits};
    }
    if (!state.is_canonical(address)) {
        return {.ready = at, .outcome = Outcome::NonCanonical};
    }
    const Request request{state, address, kind, privilege, at, state.pcid()};
    if (const TimedTlbEntry* const entry = find_answer(first_level(kind), request)) {
        return from_entry(*entry, request, at, FoundIn::FirstLevel);
    }
    TranslationCounts& counts =
        kind == AccessKind::Execute ? statistics_.instruction : statistics_.data;
    ++counts.first_level_misses;
    if (const TimedTlbEntry* const entry = find_answer(second_, request)) {
        return from_second_level(*entry, request, counts);
    }
    return walk(request, counts);
}

/// An entry that answers: after its walk, if that has not ended.
TimedTranslation TimedTranslator::from_entry(const TimedTlbEntry& entry, const Request& request,
                                             Cycle found, FoundIn found_in) {
    const bool allowed = allows(entry.rights, request.state, request.kind, request.privilege);
    TimedTranslation answer =
        hit(entry, request.address, request.at, std::max(found, entry.filled) - request.at,
            allowed ? Outcome::Ok : Outcome::NotAllowed);
    answer.found_in = entry.filled > found ? FoundIn::Walk : found_in;
    return answer;
}

TimedTranslation TimedTranslator::from_second_level(const TimedTlbEntry& entry,
                                                    const Request& request,
                                                    TranslationCounts& counts) {
    ++counts.second_level_hits;
    const TimedTranslation answer =
        from_entry(entry, request, request.at + parameters_.stlb_hit_extra, FoundIn::SecondLevel);
    if (answer.outcome == Outcome::Ok || parameters_.faulting_access_fills) {
        const Translation translation{
            .page = answer.physical.align_down(memory::page_size),
            .rights = entry.rights,
            .size_shift = entry.page_shift,
            .dirty = entry.dirty,
            .global = entry.global,
        };
        keep_in_first_level(request, translation, entry.dirty, answer.ready);
    }
    return answer;
}

TimedTranslation TimedTranslator::walk(const Request& request, TranslationCounts& counts) {
    const auto& [state, address, kind, privilege, at, pcid] = request;
    ++counts.walks;
    const WalkPath path = walker_.trace(state, address);
    const Cycle lookup = second_.absent() ? 0 : parameters_.stlb_hit_extra;
    const auto walker = walkers_.acquire(at + lookup);
    const usize first_read = known_entries(request, path);
    Cycle end = read_entries(path.entries().subspan(first_read), walker.start, counts);
    if (path.present) {
        end = host_address(path.result.page, end);
    }
    walkers_.hold(walker, end);
    counts.walk_cycles += end - walker.start;

    TimedTranslation answer{.ready = end, .cost = end - at, .found_in = FoundIn::Walk};
    if (path.present) {
        const bool allowed = allows(path.result.rights, state, kind, privilege);
        answer.outcome = allowed ? Outcome::Ok : Outcome::NotAllowed;
        answer.physical = path.result.page + address.offset_in(memory::page_size);
        answer.has_physical = true;
        answer.page_shift = path.result.size_shift;
        answer.rights = path.result.rights;
    } else {
        answer.outcome = path.reserved ? Outcome::Reserved : Outcome::NotPresent;
        const auto frame = Walker::terminal_frame(state, address, path);
        answer.has_physical = frame.has_value();
        answer.physical = frame.value_or(PhysicalAddress{});
        if (!path.entries().empty()) {
            answer.page_shift =
                static_cast<u8>(shift_of(state.mode(), path.entries().back().level));
        }
    }
    keep(request, path, first_read, answer);
    return answer;
}

/// How many of the path's first entries need not be read: those above and at the lowest that a
/// paging-structure cache knows.
usize TimedTranslator::known_entries(const Request& request, const WalkPath& path) {
    const PagingMode mode = request.state.mode();
    const auto entries = path.entries();
    for (usize known = entries.empty() ? 0 : entries.size() - 1; known > 0; --known) {
        const unsigned level = entries[known - 1].level;
        if (structures_.knows(level, shift_of(mode, level), request.address, request.pcid)) {
            return known;
        }
    }
    return 0;
}

/// Each is read once the one above it has come.
Cycle TimedTranslator::read_entries(std::span<const WalkStep> entries, Cycle start,
                                    TranslationCounts& counts) {
    Cycle time = start;
    for (const WalkStep& step : entries) {
        time = hierarchy_.walk_read(step.where, host_address(step.where, time)).ready;
    }
    counts.walk_reads += entries.size();
    return time;
}

/// What remains of a walk: never that there is no page. [intel/vol3]: 4.10.2.3, 4.10.3.1
void TimedTranslator::keep(const Request& request, const WalkPath& path, usize first_read,
                           const TimedTranslation& answer) {
    const auto& [state, address, kind, privilege, at, pcid] = request;
    if (answer.outcome == Outcome::NotAllowed && !parameters_.faulting_access_fills) {
        return;
    }
    const auto entries = path.entries();
    for (usize i = first_read; i + 1 < entries.size(); ++i) {
        const unsigned level = entries[i].level;
        structures_.insert(level, shift_of(state.mode(), level), address, pcid);
    }
    if (!path.present) {
        return;
    }
    const bool writes = kind == AccessKind::Write && answer.outcome == Outcome::Ok;
    const bool dirty = path.result.dirty || writes;
    keep_in_first_level(request, path.result, dirty, answer.ready);
    second_.insert(address, pcid, path.result, dirty, answer.ready);
}

// Invalidation ------------------------------------------------------------------------------------

void TimedTranslator::invlpg(VirtualAddress address, u16 pcid) {
    drop_page(address, pcid, true);
    structures_.drop_pcid(pcid);
}

void TimedTranslator::page_fault(VirtualAddress address, u16 pcid) {
    drop_page(address, pcid, true);
    structures_.drop_address(address, pcid);
}

void TimedTranslator::invpcid(InvpcidType type, u16 pcid, VirtualAddress address) {
    switch (type) {
        case InvpcidType::Address:
            drop_page(address, pcid, false);
            structures_.drop_address(address, pcid);
            return;
        case InvpcidType::Context:
            root_written(pcid, false);
            return;
        case InvpcidType::AllWithGlobals:
            flush_all();
            return;
        case InvpcidType::AllButGlobals:
            for (TimedTlb* const tlb : {&instruction_, &data_, &second_}) {
                tlb->drop_all_but_globals();
            }
            first_levels_changed();
            structures_.drop_all();
            return;
    }
}

void TimedTranslator::root_written(u16 pcid, bool no_flush) {
    if (no_flush) {
        return;
    }
    for (TimedTlb* const tlb : {&instruction_, &data_, &second_}) {
        tlb->drop_pcid(pcid);
    }
    first_levels_changed();
    structures_.drop_pcid(pcid);
}

void TimedTranslator::flush_all() {
    for (TimedTlb* const tlb : {&instruction_, &data_, &second_}) {
        tlb->drop_all();
    }
    first_levels_changed();
    structures_.drop_all();
}

void TimedTranslator::drop_page(VirtualAddress address, u16 pcid, bool with_globals) {
    for (TimedTlb* const tlb : {&instruction_, &data_, &second_}) {
        tlb->drop_page(address, pcid, with_globals);
    }
    first_levels_changed();
}

void TranslationCounts::visit_state(state::Visitor& visitor) {
    visitor.field("first_level_misses", first_level_misses);
    visitor.field("second_level_hits", second_level_hits);
    visitor.field("walks", walks);
    visitor.field("walk_reads", walk_reads);
    visitor.field("walk_cycles", walk_cycles);
}

void TimedTranslator::visit_state(state::Visitor& visitor, Cycle latest) {
    visitor.group("instruction", [&] { instruction_.visit_state(visitor, latest); });
    visitor.group("data", [&] { data_.visit_state(visitor, latest); });
    visitor.group("second", [&] { second_.visit_state(visitor, latest); });
    visitor.part("structures", structures_);
    if (nested_) {
        visitor.part("nested", *nested_);
    }
    visitor.group("walkers", [&] { walkers_.visit_state(visitor, latest); });
    visitor.part("instruction_counts", statistics_.instruction);
    visitor.part("data_counts", statistics_.data);
    // Not state: walker_, hierarchy_ (wiring); parameters_ (configuration); memos_ (for host speed)
    if (visitor.loading()) {
        first_levels_changed();
    }
}

}  // namespace ringfence::sim::mmu
