// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/late_root.h"

#include "arch/x86/cr3.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/mutation.h"
#include "kernel/arch/x86_64/table_memory.h"
#include "kernel/arch/x86_64/tlb.h"
#include "kernel_arch/address_space.h"

namespace ringfence::kernel::arch {

namespace {

/// As many as cost what the root does: whatever a call goes on to do, it pays at most twice.
constexpr unsigned most_accesses = 6;

unsigned accesses_left = 0;

/// The program has been in user mode since: the entry from there has loaded the root.
bool is_loaded() {
    return read_cr3() == (cpu_state.late_root & ~x86::Cr3::no_flush.mask);
}

/// Null if the page is not there, or not with those rights, or the access would be its first: the
/// processor notes that in the entry and the page-fault handler supplies the page.
u8* by_direct_map(VirtualAddress start, UserAccess access) {
    const VirtualAddress page = start.align_down(page_size);
    const auto entry = PageEntry::find(table_memory, x86::Cr3::root(cpu_state.late_root), page);
    if (!entry) {
        return nullptr;
    }
    const PageEntry::Word word = entry->read();
    const paging::Attributes rights = Format::attributes(word, 1);
    const bool usable = Format::present(word) && rights.user && Format::accessed(word) &&
                        (access == UserAccess::Read || (rights.writable && Format::dirty(word)));
    return usable ? direct_map<u8>(Format::leaf(word, 1)) + (start - page) : nullptr;
}

}  // namespace

void let_root_be_late(u64 root) {
    cpu_state.late_root = root;
    accesses_left = most_accesses;
}

void load_late_root() {
    if (mutated(Mutation::LateRootNotLoaded)) {
        return;
    }
    if (!is_loaded()) {
        load_root(cpu_state.late_root);
    }
    cpu_state.late_root = 0;
}

u8* reach_without_root(VirtualAddress start, usize bytes, UserAccess access) {
    const bool within_page = start - start.align_down(page_size) + bytes <= page_size;
    if (within_page && accesses_left > 0 && !is_loaded()) {
        if (u8* const place = by_direct_map(start, access)) {
            --accesses_left;
            return place;
        }
    }
    load_late_root();
    return nullptr;
}

}  // namespace ringfence::kernel::arch
