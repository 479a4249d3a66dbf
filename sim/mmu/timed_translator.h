// SPDX-License-Identifier: MIT
// What translating an address costs: two levels of TLB, paging-structure caches, and walks whose
// reads go through the data caches. It changes nothing in the guest: the Mmu sets accessed and
// dirty flags, raises faults, and tells this model of every invalidation.
#pragma once

#include <optional>

#include "sim/memory/physical_memory.h"
#include "sim/mmu/access.h"
#include "sim/mmu/nested_tables.h"
#include "sim/mmu/page_memo.h"
#include "sim/mmu/paging_state.h"
#include "sim/mmu/paging_structure_cache.h"
#include "sim/mmu/timed_tlb.h"
#include "sim/mmu/walker.h"
#include "sim/timing/fill_buffers.h"
#include "sim/timing/memory_hierarchy.h"

namespace ringfence::sim::mmu {

struct TimedTranslation {
    enum class Outcome : u8 {
        Ok,
        NotAllowed,    ///< there is a page, but not for this access
        NotPresent,    ///< the walk ended at an entry with P = 0
        Reserved,      ///< the walk ended at an entry with a reserved bit set
        NonCanonical,  ///< no walk
    };
    enum class FoundIn : u8 { FirstLevel, SecondLevel, Walk };

    timing::Cycle ready = 0;  ///< when `physical`, or that there is none, is known
    timing::Cycle cost = 0;   ///< beyond a first-level hit, which is part of L1's latency
    /// Ok and NotAllowed: where the byte is. NotPresent and Reserved: where the frame number in the
    /// leaf would put it (L1 terminal fault), if `has_physical`.
    PhysicalAddress physical{};
    Outcome outcome = Outcome::Ok;
    FoundIn found_in = FoundIn::FirstLevel;
    bool has_physical = false;
    /// log2 of the page's size, for Ok and NotAllowed; of what the entry at which the walk ended
    /// would have covered, for NotPresent and Reserved.
    u8 page_shift = 0;
    Rights rights{};  ///< for Ok and NotAllowed; `rights.user` says whether it is a user page
};

struct TranslationCounts {
    u64 first_level_misses = 0;
    u64 second_level_hits = 0;
    u64 walks = 0;
    u64 walk_reads = 0;   ///< of the guest's page-table entries
    u64 walk_cycles = 0;  ///< from a walk's start to its end; waiting for a walker not included

    void visit_state(state::Visitor& visitor);
    bool operator==(const TranslationCounts&) const = default;
};

struct TranslationStatistics {
    TranslationCounts instruction;
    TranslationCounts data;
    bool operator==(const TranslationStatistics&) const = default;
};

class TimedTranslator {
public:
    /// `memory` and `hierarchy` outlive the translator. At least one walker.
    TimedTranslator(memory::PhysicalMemory& memory, const PagingFeatures& features,
                    timing::MemoryHierarchy& hierarchy,
                    const timing::TranslationParameters& parameters);
    TimedTranslator(const TimedTranslator&) = delete;
    TimedTranslator& operator=(const TimedTranslator&) = delete;

    /// One access to the byte at `address`, sent at `at`. Calls come in program order, wrong paths
    /// among them. The outcome is what a walk of today's tables says, but for translations that a
    /// TLB still holds (a flush that the guest forgot): then what the TLB says, unless that is to
    /// deny the access. Without paging, addresses are physical.
    RF_ALWAYS_INLINE TimedTranslation translate(const PagingState& state, VirtualAddress address,
                                                AccessKind kind, Privilege privilege,
                                                timing::Cycle at) {
        if (RF_LIKELY(arch::x86::Cr0::pg.test(state.cr0) && is_wide_canonical(address))) {
            TimedTlb& first = kind == AccessKind::Execute ? instruction_ : data_;
            const TimedTlbEntry* const entry = first.find(address, state.pcid());
            if (RF_LIKELY(entry != nullptr && entry->filled <= at &&
                          allows(entry->rights, state, kind, privilege) &&
                          (kind != AccessKind::Write || entry->dirty))) {
                return hit(*entry, address, at, 0, TimedTranslation::Outcome::Ok);
            }
        }
        return translate_slow(state, address, kind, privilege, at);
    }

    /// As an Ok answer of `translate`, for a page of RAM that `remember` was told of in the same
    /// context and that the first level still has: where the byte is. Else nothing, and nothing has
    /// changed.
    RF_ALWAYS_INLINE std::optional<PhysicalAddress> recall(AccessKind kind, VirtualAddress address,
                                                           u64 context, timing::Cycle at) {
        return memo_of(kind).recall(address, context, at);
    }
    /// `translate` has found an allowed access's page, which is RAM, in the first level. `context`
    /// stands for all that `state` and `privilege` may decide.
    void remember(const PagingState& state, VirtualAddress address, AccessKind kind, u64 context);

    // Invalidation. [intel/vol3]: 4.10.4.1 --------------------------------------------------------

    /// INVLPG of a canonical address while `pcid` is the current one: the page's entries of that
    /// PCID and global ones, and the PCID's paging-structure caches whatever they are of.
    void invlpg(VirtualAddress address, u16 pcid);
    /// A page fault for `address`: its page's entries of the current PCID and global ones, and the
    /// paging-structure caches' entries that it would use.
    void page_fault(VirtualAddress address, u16 pcid);
    /// INVPCID. `pcid` and `address` are the descriptor's, where the type has them.
    void invpcid(InvpcidType type, u16 pcid, VirtualAddress address);
    /// MOV to CR3, after which `pcid` is the current one (0 while CR4.PCIDE = 0).
    void root_written(u16 pcid, bool no_flush);
    /// Everything, global entries included: changes of CR0.PG, CR4.PGE and kin.
    void flush_all();

    // For tools -----------------------------------------------------------------------------------

    [[nodiscard]] const TranslationStatistics& statistics() const { return statistics_; }
    /// `latest`: no walk that has begun ends later.
    void visit_state(state::Visitor& visitor, timing::Cycle latest);

    enum class Array : u8 { Instruction, Data, Second };
    struct CachedPage {
        Array array = Array::Data;
        VirtualAddress start;
        PhysicalAddress physical;
        u8 shift = 0;  ///< log2 of the bytes that the entry covers
        bool global = false;
        u16 pcid = 0;  ///< for entries that are not global
        Rights rights;
    };
    /// Calls `visit(const CachedPage&)` for each valid entry of the TLBs, in a fixed order.
    template <typename Visitor>
    void for_each_page(Visitor visit) const {
        const auto visit_all = [&](const TimedTlb& tlb, Array array) {
            tlb.for_each([&](VirtualAddress start, u16 tag, const TimedTlbEntry& entry) {
                const bool global = tag == TagEpochs::global_tag;
                visit(CachedPage{array, start, entry.start, entry.shift, global,
                                 global ? u16{0} : tag, entry.rights});
            });
        };
        visit_all(instruction_, Array::Instruction);
        visit_all(data_, Array::Data);
        visit_all(second_, Array::Second);
    }
    /// Calls `visit(unsigned level, VirtualAddress start, u16 pcid)` for each valid entry of the
    /// paging-structure caches: level 2 for PDEs, 3 for PDPTEs, 4 for PML4Es.
    template <typename Visitor>
    void for_each_structure(Visitor visit) const {
        structures_.for_each(visit);
    }

private:
    /// Canonical as far as any mode could have it: what the TLBs' keys tell apart.
    static bool is_wide_canonical(VirtualAddress address) {
        constexpr unsigned widest = 57;
        return sign_extend(address.value(), widest) == address.value();
    }
    static TimedTranslation hit(const TimedTlbEntry& entry, VirtualAddress address,
                                timing::Cycle at, timing::Cycle cost,
                                TimedTranslation::Outcome outcome) {
        return {.ready = at + cost,
                .cost = cost,
                .physical = entry.start + address.offset_in(bit(entry.shift)),
                .outcome = outcome,
                .found_in = TimedTranslation::FoundIn::FirstLevel,
                .has_physical = true,
                .page_shift = entry.page_shift,
                .rights = entry.rights};
    }

    struct Request {
        const PagingState& state;
        VirtualAddress address;
        AccessKind kind;
        Privilege privilege;
        timing::Cycle at;
        u16 pcid;
    };
    RF_NEVER_INLINE TimedTranslation translate_slow(const PagingState& state,
                                                    VirtualAddress address, AccessKind kind,
                                                    Privilege privilege, timing::Cycle at);
    PageMemo& memo_of(AccessKind kind) { return memos_[static_cast<unsigned>(kind)]; }
    void first_levels_changed() {
        for (PageMemo& memo : memos_) {
            memo.forget_all();
        }
    }
    TimedTlb& first_level(AccessKind kind) {
        return kind == AccessKind::Execute ? instruction_ : data_;
    }
    /// The entry that answers: it allows the request, or memory agrees that it is not allowed. One
    /// that does not answer is dropped: a walk is to bring a better one.
    const TimedTlbEntry* find_answer(TimedTlb& tlb, const Request& request);
    static TimedTranslation from_entry(const TimedTlbEntry& entry, const Request& request,
                                       timing::Cycle found, TimedTranslation::FoundIn found_in);
    TimedTranslation from_second_level(const TimedTlbEntry& entry, const Request& request,
                                       TranslationCounts& counts);
    TimedTranslation walk(const Request& request, TranslationCounts& counts);
    usize known_entries(const Request& request, const WalkPath& path);
    /// When a guest-physical address is one that caches can be asked for.
    timing::Cycle host_address(PhysicalAddress guest, timing::Cycle at) {
        return RF_UNLIKELY(nested_.has_value()) ? nested_->translate(guest, at) : at;
    }
    timing::Cycle read_entries(std::span<const WalkStep> entries, timing::Cycle start,
                               TranslationCounts& counts);
    void keep(const Request& request, const WalkPath& path, usize first_read,
              const TimedTranslation& answer);
    void keep_in_first_level(const Request& request, const Translation& translation, bool dirty,
                             timing::Cycle filled);
    void drop_page(VirtualAddress address, u16 pcid, bool with_globals);

    Walker walker_;
    timing::MemoryHierarchy& hierarchy_;
    timing::TranslationParameters parameters_;
    TimedTlb instruction_;
    TimedTlb data_;
    TimedTlb second_;
    std::array<PageMemo, 3> memos_;  ///< by AccessKind
    PagingStructureCaches structures_;
    std::optional<NestedTables> nested_;  ///< of a hypervisor, if there is one
    timing::FillBuffers walkers_;
    TranslationStatistics statistics_;
};

}  // namespace ringfence::sim::mmu
