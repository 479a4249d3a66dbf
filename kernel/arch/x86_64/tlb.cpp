// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/tlb.h"

#include "arch/x86/cr3.h"
#include "arch/x86/cr4.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/entry_paths.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/isolation.h"
#include "kernel/arch/x86_64/late_root.h"
#include "kernel/arch/x86_64/mutation.h"

namespace ringfence::kernel::arch {

namespace {

/// More pages than this in one go: flushing the whole context costs less.
constexpr u64 single_page_limit = 16;

/// Page 0 is never mapped: no fault.
VirtualAddress faulting_page{};

template <typename Invalidate>
void for_each_page(const paging::StaleRange& stale, Invalidate invalidate) {
    for (u64 offset = 0; offset < stale.bytes; offset += stale.stride) {
        invalidate(stale.first + offset);
    }
}

bool worth_single_pages(const paging::StaleRange& stale) {
    return stale.bytes / stale.stride <= single_page_limit;
}

bool is_faulting_page(const paging::StaleRange& stale) {
    return stale.first == faulting_page && stale.bytes == stale.stride;
}

/// The active kernel PCID: reloading CR3 without NO_FLUSH removes its entries.
void flush_kernel_pcid() {
    load_root(read_cr3());
}

}  // namespace

void load_root(u64 value) {
    ++entry_counters.root_writes;
    write_cr3(value);
}

void flush_all_translations() {
    if (isolation().invpcid) {
        invalidate_pcid(InvpcidType::AllWithGlobal, 0, VirtualAddress{});
        return;
    }
    if (isolation().global_pages) {
        const u64 cr4 = read_cr4();
        write_cr4(cr4 & ~x86::Cr4::pge.mask);  // any change of PGE flushes all PCIDs
        write_cr4(cr4);
        return;
    }
    load_root(read_cr3());
}

void note_user_fault(VirtualAddress page) {
    faulting_page = page;
}

void forget_user_fault() {
    faulting_page = VirtualAddress{};
}

void owe_user_flush() {
    if (mutated(Mutation::OwedFlushForgotten)) {
        return;
    }
    cpu_state.exit_root &= ~x86::Cr3::no_flush.mask;
}

bool user_flush_owed() {
    return selected_design() == Design::Isolated && isolation().pcid &&
           !x86::Cr3::no_flush.test(cpu_state.exit_root);
}

void KernelTlb::invalidate(const paging::StaleRange& stale) {
    if (mutated(Mutation::GlobalTranslationsKept) && stale.global) {
        return;
    }
    if (isolation().pcid || !worth_single_pages(stale)) {
        flush_all_translations();  // INVLPG would reach the current PCID only
        return;
    }
    for_each_page(stale, [](VirtualAddress page) { invalidate_page(page); });
}

void KernelTlb::invalidate_everything(bool /*global*/) {
    flush_all_translations();
}

bool UserTlb::has_user_pcid() const {
    return design_ == Design::Isolated && isolation().pcid;
}

void UserTlb::invalidate(const paging::StaleRange& stale) {
    if (group_ != nullptr) {
        group_->add(stale);
        return;
    }
    need_root();
    // Processors that need isolation are those whose manual promises what a fault removes.
    if (active_ && has_user_pcid() && isolation().required && is_faulting_page(stale)) {
        invalidate_page(stale.first);  // the kernel's own entry, if it has used the page
        return;
    }
    StaleGroup alone;
    alone.add(stale);
    invalidate(alone);
}

void UserTlb::invalidate(const StaleGroup& group) {
    need_root();
    if (!active_ || group.everything() || group.pages() > single_page_limit) {
        invalidate_everything(false);
        return;
    }
    for (const paging::StaleRange& stale : group) {
        for_each_page(stale, [](VirtualAddress page) { invalidate_page(page); });
    }
    // Without a user PCID there is one table, or the next exit flushes anyway.
    if (!has_user_pcid()) {
        return;
    }
    if (group.pages() > 1) {
        owe_user_flush();  // for free: the next exit loads the root anyway
    } else {
        invalidate_in_user_pcid(group.begin()->first);
    }
}

void UserTlb::invalidate_in_user_pcid(VirtualAddress page) {
    if (mutated(Mutation::UserPageFlushSkipped)) {
        return;
    }
    if (isolation().invpcid) {
        invalidate_pcid(InvpcidType::Address, PcidAllocator::user_pcid(context_), page);
    } else {
        owe_user_flush();
    }
}

void UserTlb::invalidate_everything(bool /*global*/) {
    if (group_ != nullptr) {
        group_->add_everything();
        return;
    }
    need_root();
    if (!active_) {
        context_ = {};  // its entries can never be used again: activation takes a new number
        return;
    }
    flush_kernel_pcid();
    if (has_user_pcid()) {
        owe_user_flush();
    }
}

}  // namespace ringfence::kernel::arch
