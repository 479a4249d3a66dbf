// SPDX-License-Identifier: MIT
#include "kernel_arch/address_space.h"

#include "arch/x86/cr3.h"
#include "base/compiler.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/entry_area.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/isolation.h"
#include "kernel/arch/x86_64/kernel_tables.h"
#include "kernel/arch/x86_64/table_memory.h"
#include "kernel/arch/x86_64/tlb.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::arch {

namespace {

constexpr VirtualAddress user_half_start{0};
constexpr u64 user_half_size = u64{1} << 47;

AddressSpace* active_space = nullptr;
PcidAllocator pcids;

/// Isolated: the user half is kept equal in both roots, and the kernel's root may not execute it,
/// so that a return to user mode on the wrong table faults at once.
KernelMapper mapper_of(PhysicalAddress kernel_root, PhysicalAddress user_root) {
    if (kernel_root == user_root) {
        return {table_memory, kernel_root};
    }
    return {
        table_memory,
        kernel_root,
        {.root = user_root, .first_index = 0, .count = user_root_entries, .forbid_execute = true}};
}

/// The user's view has the rights; the kernel's view of the user half never executes.
KernelWalker walker_of(PhysicalAddress user_root) {
    return {table_memory, user_root};
}

paging::Attributes attributes_of(PageProtection protection) {
    return {.writable = protection.writable, .executable = protection.executable, .user = true};
}

Mapping mapping_of(const paging::Leaf& leaf) {
    return {leaf.frame,
            {.writable = leaf.attributes.writable, .executable = leaf.attributes.executable},
            leaf.accessed,
            leaf.dirty};
}

bool is_user_page(VirtualAddress page) {
    return page.is_aligned(page_size) && is_user_range(page, page_size);
}

Result<PageEntry, MapError> present_entry(PhysicalAddress user_root, VirtualAddress page) {
    if (!is_user_page(page)) {
        return Error{MapError::BadAddress};
    }
    const auto entry = PageEntry::find(table_memory, user_root, page);
    if (!entry || !entry->present()) {
        return Error{MapError::NotMapped};
    }
    return *entry;
}

MapError translate(paging::PagingError error) {
    switch (error) {
        case paging::PagingError::OutOfTables:
            return MapError::OutOfMemory;
        case paging::PagingError::Overlap:
            return MapError::AlreadyMapped;
        case paging::PagingError::NotMapped:
            return MapError::NotMapped;
        default:
            return MapError::BadAddress;
    }
}

u64 kernel_cr3(PhysicalAddress root, PcidContext context, bool keep_translations) {
    if (!isolation().pcid) {
        return x86::Cr3::make(root);
    }
    return x86::Cr3::make(root, PcidAllocator::kernel_pcid(context)) |
           x86::Cr3::no_flush.make(keep_translations);
}

u64 user_cr3(PhysicalAddress root, PcidContext context, bool flush_owed) {
    if (!isolation().pcid) {
        return x86::Cr3::make(root);
    }
    return x86::Cr3::make(root, PcidAllocator::user_pcid(context)) |
           x86::Cr3::no_flush.make(!flush_owed);
}

}  // namespace

AddressSpace::~AddressSpace() {
    RF_ASSERT(!is_active());
    if (kernel_root_.value() != 0) {
        frames().release(kernel_root_);
    }
}

Result<void, MapError> AddressSpace::create() {
    RF_ASSERT(kernel_root_.value() == 0);
    const bool pair = isolation().enabled;
    const auto block = frames().allocate(pair ? 1 : 0);
    if (!block.ok()) {
        return Error{MapError::OutOfMemory};
    }
    kernel_root_ = block.value();
    user_root_ = pair ? kernel_root_ + page_size : kernel_root_;
    __builtin_memset(direct_map(kernel_root_), 0, pair ? 2 * page_size : page_size);
    fill_kernel_half(kernel_root_);
    if (pair) {
        fill_user_manifest(user_root_);
    }
    return {};
}

Result<void, MapError> AddressSpace::map_page(VirtualAddress page, PhysicalAddress frame,
                                              PageProtection protection) {
    if (!is_user_page(page)) {
        return Error{MapError::BadAddress};
    }
    if (auto entry = PageEntry::find(table_memory, user_root_, page)) {
        if (entry->present()) {
            return Error{MapError::AlreadyMapped};
        }
        entry->fill(frame, attributes_of(protection));
        return {};
    }
    auto outcome = mapper_of(kernel_root_, user_root_)
                       .map({.start = page,
                             .frame = frame,
                             .size = page_size,
                             .attributes = attributes_of(protection)});
    if (!outcome.ok()) {
        return Error{translate(outcome.error())};
    }
    std::move(outcome).value().consume(UserTlb{context_, is_active()});
    return {};
}

Result<Mapping, MapError> AddressSpace::unmap_page(VirtualAddress page) {
    auto entry = present_entry(user_root_, page);
    if (!entry.ok()) {
        return Error{entry.error()};
    }
    PageEntry::Word old = 0;
    entry.value().clear(old).consume(UserTlb{context_, is_active()});
    return mapping_of(KernelWalker::leaf_of(old, 1, page, paging::no_limit));
}

Result<void, MapError> AddressSpace::protect_page(VirtualAddress page, PageProtection protection) {
    auto entry = present_entry(user_root_, page);
    if (!entry.ok()) {
        return Error{entry.error()};
    }
    entry.value().protect(attributes_of(protection)).consume(UserTlb{context_, is_active()});
    return {};
}

Result<void, MapError> AddressSpace::replace_page(VirtualAddress page, PhysicalAddress frame,
                                                  PageProtection protection) {
    auto entry = present_entry(user_root_, page);
    if (!entry.ok()) {
        return Error{entry.error()};
    }
    entry.value().replace(frame, attributes_of(protection)).consume(UserTlb{context_, is_active()});
    return {};
}

Result<Mapping, MapError> AddressSpace::lookup(VirtualAddress address) const {
    if (address >= user_end) {
        return Error{MapError::BadAddress};
    }
    const auto leaf = walker_of(user_root_).find(address);
    if (!leaf.ok()) {
        return Error{MapError::NotMapped};
    }
    return mapping_of(leaf.value());
}

void AddressSpace::for_each_page(VirtualAddress start, VirtualAddress end, Visitor visit,
                                 void* context) const {
    if (start >= end) {
        return;
    }
    walker_of(user_root_).for_each_leaf({start, end - 1}, [&](const paging::Leaf& leaf) {
        visit(context, leaf.start, mapping_of(leaf));
    });
}

void AddressSpace::release_all(Visitor visit, void* context) {
    auto outcome = mapper_of(kernel_root_, user_root_)
                       .unmap(user_half_start, user_half_size, [&](const paging::Leaf& leaf) {
                           if (visit != nullptr) {
                               visit(context, leaf.start, mapping_of(leaf));
                           }
                       });
    RF_ASSERT(outcome.ok());  // whole root entries: nothing to split, no memory needed
    std::move(outcome).value().consume(UserTlb{context_, is_active()});
}

void AddressSpace::activate() {
    if (is_active()) {
        return;
    }
    if (active_space != nullptr) {
        active_space->user_flush_owed_ = user_flush_owed();
    }
    active_space = this;
    const bool keep = pcids.valid(context_);
    if (isolation().pcid && !keep) {
        const auto allocation = pcids.allocate();
        if (allocation.flush_everything) {
            flush_all_translations();
        }
        context_ = allocation.context;
        user_flush_owed_ = true;
    }
    if (isolation().enabled) {
        clear_entry_stack();
        cpu_state.exit_root = user_cr3(user_root_, context_, user_flush_owed_);
    }
    load_root(kernel_cr3(kernel_root_, context_, keep));
}

void AddressSpace::activate_kernel_only() {
    if (active_space == nullptr) {
        return;
    }
    active_space->user_flush_owed_ = user_flush_owed();
    active_space = nullptr;
    if (isolation().enabled) {
        clear_entry_stack();
        cpu_state.exit_root = 0;  // no thread without an address space leaves to user mode
    }
    load_root(x86::Cr3::make(kernel_root()));
}

bool AddressSpace::is_active() const {
    return active_space == this;
}

}  // namespace ringfence::kernel::arch
