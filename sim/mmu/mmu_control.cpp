// SPDX-License-Identifier: MIT
// Control registers, and what their changes make the TLB forget. [intel/vol3]: 4.10.4.1
#include <algorithm>

#include "arch/x86/pte_pae.h"
#include "sim/mmu/mmu.h"
#include "sim/mmu/timed_translator.h"

namespace ringfence::sim::mmu {

using arch::x86::Cr0;
using arch::x86::Cr3;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::ExceptionVector;

Mmu::Mmu(memory::PhysicalMemory& memory, observe::Recorder& recorder, PagingFeatures features,
         WriteSetShape transactions)
    : memory_(memory),
      recorder_(recorder),
      features_(features),
      ram_base_(reinterpret_cast<u64>(memory.ram_base())),
      write_set_shape_(transactions),
      walker_(memory, features_),
      spaces_(std::make_unique<std::array<FastSpace, space_count>>()) {
    for (FastSpace& space : *spaces_) {
        for (FastContext& context : space) {
            context.stamp = next_stamp_++;
        }
    }
    memory_.set_direct_access_listener(this);
    select_space();
}

Mmu::~Mmu() {
    memory_.set_direct_access_listener(nullptr);
}

Result<void, Fault> Mmu::write_cr0(u64 value) {
    PagingState next = state_;
    next.cr0 = value;
    const u64 changed = state_.cr0 ^ value;
    const bool paging_changed = Cr0::pg.test(changed);
    if (paging_changed) {
        // Long mode becomes active, or ends, with paging. [intel/vol3]: 10.8.5
        const bool active = Cr0::pg.test(value) && Efer::lme.test(state_.efer);
        next.efer = Efer::lma.set(next.efer, active ? 1 : 0);
    }
    if (paging_changed || Cr0::cd.test(changed) || Cr0::nw.test(changed)) {
        RF_TRY(load_pdptes(next));
    }
    state_ = next;
    if (paging_changed) {
        flush_everything();
    } else if (Cr0::wp.test(changed)) {
        drop_fast_all();  // TLB entries hold R/W itself; only the fast path holds its meaning
    }
    return {};
}

Result<void, Fault> Mmu::write_cr4(u64 value) {
    PagingState next = state_;
    next.cr4 = value;
    const u64 changed = state_.cr4 ^ value;
    if (Cr4::pae.test(changed) || Cr4::pge.test(changed) || Cr4::pse.test(changed) ||
        Cr4::smep.test(changed)) {
        RF_TRY(load_pdptes(next));
    }
    const bool pcids_end = state_.pcids() && !next.pcids();
    const bool smep_begins = !state_.smep() && next.smep();
    state_ = next;
    if (Cr4::pge.test(changed) || Cr4::pae.test(changed) || Cr4::pse.test(changed) ||
        Cr4::la57.test(changed) || pcids_end || smep_begins) {
        flush_everything();
    } else if (changed != 0) {
        drop_fast_all();
    }
    select_space();
    return {};
}

Result<void, Fault> Mmu::write_cr3(u64 value) {
    const bool no_flush = state_.pcids() && Cr3::no_flush.test(value);
    PagingState next = state_;
    next.cr3 = Cr3::no_flush.set(value, 0);
    RF_TRY(load_pdptes(next));
    recorder_.root_write({.old_value = state_.cr3, .new_value = next.cr3, .no_flush = no_flush});
    state_ = next;
    if (!no_flush) {
        // PCIDE = 0 tags everything with PCID 0, so this is "all but global entries" then.
        ++recorder_.counters.tlb_flushes;
        data_tlb_.drop_pcid(state_.pcid());
        code_tlb_.drop_pcid(state_.pcid());
        drop_fast(state_.pcid());
        report_flushed({.all = false, .globals = false, .pcid = state_.pcid()});
    }
    if (timed_ != nullptr) {
        timed_->root_written(state_.pcid(), no_flush);
    }
    select_space();
    return {};
}

void Mmu::write_efer(u64 value) {
    const bool nxe_changed = Efer::nxe.test(state_.efer ^ value);
    const bool mode_changed = Efer::lma.test(state_.efer ^ value);
    state_.efer = value;
    if (nxe_changed || mode_changed) {
        flush_everything();
    }
}

void Mmu::write_pkru(u32 value) {
    const bool matters = value != state_.pkru && state_.protection_keys();
    state_.pkru = value;
    if (matters) {
        drop_fast_all();  // TLB entries hold keys; only the fast path holds what they allow
    }
}

void Mmu::invlpg(VirtualAddress address) {
    ++recorder_.counters.invlpg;
    if (is_canonical(address)) {
        forget_page(address);
        if (timed_ != nullptr) {
            timed_->invlpg(address, state_.pcid());
        }
    }
}

void Mmu::forget_faulting_page(VirtualAddress address) {
    forget_page(address);
    if (timed_ != nullptr) {
        timed_->page_fault(address, state_.pcid());
    }
}

/// INVLPG, and the first thing a page fault does: the current PCID's entries and global ones.
void Mmu::forget_page(VirtualAddress address) {
    const bool globals = data_tlb_.holds_globals() || code_tlb_.holds_globals();
    const auto dropped = std::max(data_tlb_.drop_page(address, state_.pcid(), true),
                                  code_tlb_.drop_page(address, state_.pcid(), true));
    if (dropped == Tlb::Dropped::LargePage) {
        drop_fast_all();
        return;
    }
    for (unsigned i = 0; i < space_count; ++i) {
        if (globals || space_pcids_[i] == state_.pcid()) {
            drop_fast_page(i, address);
        }
    }
}

/// A walk has found something else than one TLB holds: that goes, under whichever tag it is. The
/// other TLB may keep what it has, as long as the architecture lets it.
void Mmu::forget_outdated(VirtualAddress address, AccessKind kind) {
    Tlb& tlb = tlb_of(kind);
    const bool globals = tlb.holds_globals();
    if (tlb.drop_page(address, state_.pcid(), true) == Tlb::Dropped::LargePage) {
        drop_fast_all();
        return;
    }
    drop_fast_page(state_.pcid(), globals, address, kind);
}

/// What a TLB has no more, the fast path must not have either: whether it still did would show in
/// the next walk.
void Mmu::forget_evicted(const Tlb::Evicted& evicted, AccessKind kind) {
    if (evicted.large) {
        drop_fast_all();  // the fast path may hold any piece of it
        return;
    }
    drop_fast_page(evicted.pcid, evicted.global, evicted.page, kind);
}

void Mmu::invpcid(InvpcidType type, u16 pcid, VirtualAddress address) {
    ++recorder_.counters.invpcid;
    if (timed_ != nullptr) {
        timed_->invpcid(type, pcid, address);
    }
    switch (type) {
        case InvpcidType::Address:
            if (std::max(data_tlb_.drop_page(address, pcid, false),
                         code_tlb_.drop_page(address, pcid, false)) == Tlb::Dropped::LargePage) {
                drop_fast(pcid);
            } else if (const int space = find_space(pcid); space >= 0) {
                drop_fast_page(static_cast<unsigned>(space), address);
            }
            return;
        case InvpcidType::Context:
            ++recorder_.counters.tlb_flushes;
            data_tlb_.drop_pcid(pcid);
            code_tlb_.drop_pcid(pcid);
            drop_fast(pcid);
            report_flushed({.all = false, .globals = false, .pcid = pcid});
            return;
        case InvpcidType::AllWithGlobals:
            flush_everything();
            return;
        case InvpcidType::AllButGlobals:
            ++recorder_.counters.tlb_flushes;
            data_tlb_.drop_all_but_globals();
            code_tlb_.drop_all_but_globals();
            drop_fast_all();
            report_flushed({.all = true, .globals = false, .pcid = 0});
            return;
    }
}

void Mmu::set_strict(bool on) {
    strict_ = on;
    drop_fast_all();
}

void Mmu::report_flushed(const observe::FlushedContext& context) {
    if (RF_UNLIKELY(recorder_.wants_translations())) {
        recorder_.context_flushed(context);
    }
}

void Mmu::flush_everything() {
    ++recorder_.counters.tlb_flushes;
    data_tlb_.drop_all();
    code_tlb_.drop_all();
    drop_fast_all();
    report_flushed({.all = true, .globals = true, .pcid = 0});
    if (timed_ != nullptr) {
        timed_->flush_all();
    }
}

Result<void, Fault> Mmu::load_pdptes(PagingState& next) {
    if (next.mode() != PagingMode::Pae) {
        return {};
    }
    const PhysicalAddress table = Cr3::pae_root(next.cr3);
    for (unsigned i = 0; i < next.pdptes.size(); ++i) {
        next.pdptes[i] = memory_.read<u64>(table + i * sizeof(u64));
        if (arch::x86::PdptePae::present.test(next.pdptes[i]) &&
            (next.pdptes[i] & walker_.pdpte_reserved_bits()) != 0) {
            return Error{Fault{ExceptionVector::GeneralProtection, 0, {}}};
        }
    }
    return {};
}

// The fast path's spaces --------------------------------------------------------------------------

int Mmu::find_space(u16 pcid) const {
    const auto found = std::ranges::find(space_pcids_, pcid);
    return found == space_pcids_.end() ? -1 : static_cast<int>(found - space_pcids_.begin());
}

/// Makes the current PCID's contexts the active ones; the least recently made one makes room.
void Mmu::select_space() {
    const u16 pcid = state_.pcid();
    int space = find_space(pcid);
    if (space < 0) {
        space = static_cast<int>(next_space_);
        next_space_ = (next_space_ + 1) % space_count;
        space_pcids_[static_cast<unsigned>(space)] = pcid;
        drop_fast(pcid);
    }
    FastSpace& chosen = (*spaces_)[static_cast<unsigned>(space)];
    for (unsigned i = 0; i < privilege_count; ++i) {
        contexts_[i] = &chosen[i];
    }
    active_ = current_context();
}

void Mmu::drop_fast(u16 pcid) {
    if (const int space = find_space(pcid); space >= 0) {
        for (FastContext& context : (*spaces_)[static_cast<unsigned>(space)]) {
            context.drop_all(next_stamp_++);
        }
    }
}

void Mmu::drop_fast_all() {
    drop_fast_transactional();
    for (FastSpace& space : *spaces_) {
        for (FastContext& context : space) {
            context.drop_all(next_stamp_++);
        }
    }
}

void Mmu::drop_fast_page(unsigned space, VirtualAddress address) {
    drop_fast_transactional();
    for (FastContext& context : (*spaces_)[space]) {
        context.drop_page(address, next_stamp_++);
    }
}

/// All that a running transaction has: it is short, and so is what is lost.
void Mmu::drop_fast_transactional() {
    if (in_transaction()) {
        transactional_->drop_all(next_stamp_++);
    }
}

/// One page of one PCID, or of all, for fetches or for loads and stores.
void Mmu::drop_fast_page(u16 pcid, bool globals, VirtualAddress address, AccessKind kind) {
    drop_fast_transactional();
    for (unsigned i = 0; i < space_count; ++i) {
        if (!globals && space_pcids_[i] != pcid) {
            continue;
        }
        if (kind == AccessKind::Execute) {
            drop_fast_page(i, address);
            continue;
        }
        for (FastContext& context : (*spaces_)[i]) {
            context.drop_data(address);
        }
    }
}

void Mmu::page_became_code(PhysicalAddress page) {
    const u64 host_page = ram_base_ + page.value();
    for (unsigned i = 0; i < space_count; ++i) {
        if (space_pcids_[i] != no_pcid) {
            for (FastContext& context : (*spaces_)[i]) {
                context.drop_writes_to(host_page);
            }
        }
    }
}

}  // namespace ringfence::sim::mmu
