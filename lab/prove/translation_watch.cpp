// SPDX-License-Identifier: MIT
#include "lab/prove/translation_watch.h"

#include <algorithm>
#include <array>

#include "arch/x86/cr3.h"

namespace ringfence::lab::prove {

namespace {

using audit::Rule;
using sim::mmu::AccessKind;

constexpr u64 page_size = 4 * kib;

struct KeptIn {
    AccessKind kind;
    const char* name;
};
constexpr std::array architectural_tlbs{KeptIn{AccessKind::Read, "the TLB for data"},
                                        KeptIn{AccessKind::Execute, "the TLB for code"}};

audit::Translation kept_as(VirtualAddress address, const sim::mmu::Translation& entry) {
    const u64 bytes = bit(entry.size_shift);
    return {.start = address.align_down(bytes),
            .frame = entry.page.align_down(bytes),
            .bytes = bytes,
            .user = entry.rights.user,
            .writable = entry.rights.writable,
            .executable = entry.rights.executable,
            .global = entry.global};
}

}  // namespace

void TranslationWatch::cached(const sim::observe::CachedTranslation& event) {
    const audit::Translation translation{.start = event.start,
                                         .frame = event.physical,
                                         .bytes = event.bytes,
                                         .user = event.user,
                                         .writable = event.writable,
                                         .executable = event.executable,
                                         .global = event.global};
    if (event.global) {
        if (auto finding = audit::judge_global(translation, context_.manifest)) {
            past_.foreign_globals.push_back(*std::move(finding));
        }
        return;
    }
    const u64 root = arch::x86::Cr3::root(event.root).value();
    std::vector<u64>& roots = past_.filled_from[event.pcid];
    if (std::ranges::find(roots, root) == roots.end()) {
        roots.push_back(root);
    }
    if (past_.began && context_.manifest.pair_bit != 0 &&
        context_.manifest.is_user_root(PhysicalAddress{root})) {
        context_.sink.checked(Rule::ClosedManifest);
        if (auto finding = audit::judge(translation, context_.manifest)) {
            finding->what += " (walked into a TLB)";
            context_.sink.violated(*std::move(finding));
        }
    }
}

/// Those that are still there.
void TranslationWatch::judge_globals() {
    context_.sink.checked(Rule::NoForeignGlobals);
    for (audit::Finding& finding : past_.foreign_globals) {
        if (is_cached_globally(finding.address)) {
            context_.sink.violated(std::move(finding));
        }
    }
    past_.foreign_globals.clear();
}

bool TranslationWatch::is_cached_globally(VirtualAddress address) const {
    return std::ranges::any_of(architectural_tlbs, [&](const KeptIn& kept) {
        const auto* const entry = context_.view.architectural_tlb(kept.kind).find(address, 0);
        return entry != nullptr && entry->global;
    });
}

void TranslationWatch::flushed(const sim::observe::FlushedContext& context) {
    if (!context.all) {
        past_.filled_from.erase(context.pcid);
        past_.owed.erase(context.pcid);
        return;
    }
    past_.filled_from.clear();
    past_.owed.clear();
    if (context.globals) {
        past_.foreign_globals.clear();
    }
}

void TranslationWatch::user_begins(PhysicalAddress root, u16 pcid,
                                   const audit::UserTables::Look& look) {
    past_.began = true;
    judge_globals();
    for (const u16 other : past_.pcids_of_root[root.value()]) {
        if (other != pcid) {
            auto& owed = past_.owed[other];
            owed.insert(owed.end(), look.changed.begin(), look.changed.end());
        }
    }
    past_.pcids_of_root[root.value()].insert(pcid);

    std::vector<u64>& roots = past_.filled_from[pcid];
    const bool foreign = std::ranges::any_of(roots, [&](u64 from) { return from != root.value(); });
    context_.sink.checked(Rule::NoFlushOnlyUnowed);
    if (foreign) {
        compare_all(root, pcid, Rule::NoFlushOnlyUnowed);
        roots.assign(1, root.value());
    }
    if (look.whole) {
        compare_all(root, pcid, Rule::UserFlushPaid);
        past_.owed.erase(pcid);
    } else {
        compare_changed(root, pcid, look.changed);
        if (const auto owed = past_.owed.find(pcid); owed != past_.owed.end()) {
            compare_changed(root, pcid, owed->second);
            past_.owed.erase(owed);
        }
    }
    if (context_.view.timed()) {
        look_for_supervisor_pages(pcid);
    }
}

void TranslationWatch::compare_changed(PhysicalAddress root, u16 pcid,
                                       const std::vector<audit::Changed>& changed) {
    if (changed.empty()) {
        return;
    }
    u64 pages = 0;
    for (const audit::Changed& range : changed) {
        pages += range.bytes / page_size;
    }
    if (pages > most_pages) {
        compare_all(root, pcid, Rule::UserFlushPaid);
        return;
    }
    for (const audit::Changed& range : changed) {
        for (u64 offset = 0; offset < range.bytes; offset += page_size) {
            const VirtualAddress address = range.start + offset;
            context_.sink.checked(Rule::UserFlushPaid);
            for (const auto& [kind, name] : architectural_tlbs) {
                const auto* const entry = context_.view.architectural_tlb(kind).find(address, pcid);
                if (entry != nullptr) {
                    compare(root, kept_as(address, *entry), name, Rule::UserFlushPaid);
                }
            }
        }
    }
    compare_timed(root, pcid, Rule::UserFlushPaid);
}

void TranslationWatch::compare_all(PhysicalAddress root, u16 pcid, Rule rule) {
    for (const auto& [kind, name] : architectural_tlbs) {
        context_.view.architectural_tlb(kind).for_each(
            [&](VirtualAddress page, u16 tag, const sim::mmu::Translation& entry) {
                if (entry.global || tag == pcid) {
                    context_.sink.checked(rule);
                    compare(root, kept_as(page, entry), name, rule);
                }
            });
    }
    compare_timed(root, pcid, rule);
}

/// The TLBs and paging-structure caches of the size that the processor has, which are a model of
/// their own, and may hold what wrong paths brought.
void TranslationWatch::compare_timed(PhysicalAddress root, u16 pcid, Rule rule) {
    if (!context_.view.timed()) {
        return;
    }
    context_.view.for_each_timed_page([&](const sim::machine::DebugView::CachedPage& page) {
        if (page.global || page.pcid == pcid) {
            compare(root,
                    {.start = page.start,
                     .frame = page.physical,
                     .bytes = page.bytes,
                     .user = page.rights.user,
                     .writable = page.rights.writable,
                     .executable = page.rights.executable,
                     .global = page.global},
                    page.array, rule);
        }
    });
    context_.view.for_each_timed_structure([&](unsigned level, VirtualAddress start, u16 tag) {
        if (tag != pcid || context_.tables.has_table(root, start, level)) {
            return;
        }
        context_.sink.violated(
            {.rule = rule,
             .address = start,
             .what = "a paging-structure cache knows a table that is not there any more"});
    });
}

void TranslationWatch::look_for_supervisor_pages(u16 pcid) {
    context_.view.for_each_timed_page([&](const sim::machine::DebugView::CachedPage& page) {
        if ((!page.global && page.pcid != pcid) || page.rights.user) {
            return;
        }
        const audit::Translation translation{.start = page.start,
                                             .frame = page.physical,
                                             .bytes = page.bytes,
                                             .writable = page.rights.writable,
                                             .executable = page.rights.executable};
        if (auto finding = audit::judge(translation, context_.manifest)) {
            finding->what += std::string(" (in the ") + page.array + ")";
            context_.sink.violated(*std::move(finding));
        }
    });
    context_.sink.checked(Rule::ClosedManifest);
}

void TranslationWatch::compare(PhysicalAddress root, const audit::Translation& kept,
                               const char* where, Rule rule) {
    const auto now = context_.tables.translate(root, kept.start);
    std::string what;
    if (!now) {
        what = "a translation that is not in the tables any more";
    } else if (now->frame + (kept.start - now->start) != kept.frame) {
        what = "a translation to the frame that was there before";
    } else if ((kept.writable && !now->writable) || (kept.executable && !now->executable) ||
               kept.user != now->user) {
        what = "a translation with rights that the tables do not give any more";
    } else {
        return;
    }
    context_.sink.violated({.rule = rule,
                            .address = kept.start,
                            .bytes = kept.bytes,
                            .frame = kept.frame,
                            .what = what + " is in " + where + ": its flush is missing"});
}

}  // namespace ringfence::lab::prove
