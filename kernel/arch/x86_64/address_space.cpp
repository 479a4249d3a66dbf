// SPDX-License-Identifier: MIT
#include "kernel_arch/address_space.h"

#include <utility>

#include "arch/x86/cr3.h"
#include "base/compiler.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/entry_area.h"
#include "kernel/arch/x86_64/entry_paths.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/isolation.h"
#include "kernel/arch/x86_64/kernel_pages.h"
#include "kernel/arch/x86_64/kernel_tables.h"
#include "kernel/arch/x86_64/late_root.h"
#include "kernel/arch/x86_64/ldt.h"
#include "kernel/arch/x86_64/mutation.h"
#include "kernel/arch/x86_64/table_memory.h"
#include "kernel/arch/x86_64/tlb.h"
#include "kernel_arch/isolation_control.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::arch {

namespace {

constexpr VirtualAddress user_half_start{0};
constexpr u64 user_half_size = u64{1} << 47;

AddressSpace* active_space = nullptr;
PcidAllocator pcids;
/// Address spaces whose programs are isolated. While there are any, no kernel page is global.
u64 isolated_spaces = 0;
Design design_of_system = Design::Shared;
bool design_was_chosen = false;  ///< until then, boot's

/// Isolated: the user half is kept equal in both roots, and the kernel's root may not execute it,
/// so that a return to user mode on the wrong table faults at once.
KernelMapper mapper_of(PhysicalAddress kernel_root, PhysicalAddress user_root) {
    if (kernel_root == user_root) {
        return {table_memory, kernel_root};
    }
    if (mutated(Mutation::RootEntryMirroredLate)) {
        user_root = nobodys_root();
    }
    return {table_memory,
            kernel_root,
            {.root = user_root,
             .first_index = 0,
             .count = user_root_entries,
             .forbid_execute = !mutated(Mutation::UserHalfExecutable)}};
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
    const u16 pcid = mutated(Mutation::PcidsCollide) ? PcidAllocator::kernel_pcid(context)
                                                     : PcidAllocator::user_pcid(context);
    return x86::Cr3::make(root, pcid) | x86::Cr3::no_flush.make(!flush_owed);
}

}  // namespace

Design system_design() {
    return design_was_chosen ? design_of_system : boot_design();
}

void set_system_design(Design design) {
    design_of_system = design;
    design_was_chosen = true;
    if (design == Design::Shared && isolated_spaces == 0) {
        make_kernel_pages_global(isolation().global_pages);
    }
}

Result<AddressSpace::Roots, MapError> AddressSpace::make_roots(Design design) {
    const bool pair = design == Design::Isolated;
    // A lone root leaves the second page of a pair unused, so that the address of a root says
    // what it is: bit 12 is set in user roots only.
    const auto block = frames().allocate(1, FrameUse::Root);
    if (!block.ok()) {
        return Error{MapError::OutOfMemory};
    }
    const Roots roots{block.value(), pair ? block.value() + page_size : block.value()};
    __builtin_memset(direct_map(roots.kernel), 0, pair ? 2 * page_size : page_size);
    fill_kernel_half(roots.kernel);
    if (pair) {
        fill_user_manifest(roots.user);
        if (mutated(Mutation::UserAccessibleRoot)) {
            map_root_in_itself(roots.user);
        }
    }
    return roots;
}

/// `roots` become the ones in use.
void AddressSpace::adopt(Roots roots, Design design) {
    kernel_root_ = roots.kernel;
    user_root_ = roots.user;
    design_ = design;
    setting_ = {design, ldt_};
    if (design == Design::Isolated) {
        ++isolated_spaces;
        make_kernel_pages_global(false);
    }
}

void AddressSpace::release_roots() {
    if (kernel_root_.value() != 0) {
        frames().release(kernel_root_);
        isolated_spaces -= design_ == Design::Isolated ? 1 : 0;
    }
}

AddressSpace::~AddressSpace() {
    RF_ASSERT(!is_active());
    need_root();  // that of this space may still be loaded
    drop_prepared();
    release_ldt();
    release_roots();
}

Result<void, MapError> AddressSpace::create(Design design) {
    RF_ASSERT(kernel_root_.value() == 0);
    RF_TRY_ASSIGN(roots, make_roots(design));
    adopt(roots, design);
    return {};
}

Result<void, MapError> AddressSpace::prepare_design(Design design) {
    if (design != design_ && prepared_.kernel.value() == 0) {
        RF_TRY_ASSIGN(roots, make_roots(design));
        prepared_ = roots;
    }
    return {};
}

void AddressSpace::drop_prepared() {
    if (prepared_.kernel.value() != 0) {
        frames().release(prepared_.kernel);
        prepared_ = {};
    }
}

RF_DESIGN_CHANGE void AddressSpace::commit_design() {
    if (prepared_.kernel.value() == 0) {
        return;
    }
    const bool active = is_active();
    const Design wanted = design_ == Design::Shared ? Design::Isolated : Design::Shared;
    // The new roots lead to the same tables of the user half. The old user root has its entries as
    // the program's rights are; the mapper forbids execution under a kernel root where that is due.
    const KernelMapper old(table_memory, user_root_);
    KernelMapper target = mapper_of(prepared_.kernel, prepared_.user);
    for (unsigned index = 0; index < user_root_entries; ++index) {
        if (const auto entry = old.root_entry(index); entry != 0) {
            target.share_root_entry(index, entry).consume(UserTlb{context_, design_, false});
        }
    }
    if (const auto entry = old.root_entry(ldt_root_index); entry != 0) {
        for (const PhysicalAddress root : {prepared_.kernel, prepared_.user}) {
            KernelMapper mapper(table_memory, root);
            if (mapper.root_entry(ldt_root_index) == 0) {  // one root of the shared design
                mapper.share_root_entry(ldt_root_index, entry)
                    .consume(UserTlb{context_, design_, false});
            }
        }
    }
    const PhysicalAddress old_root = kernel_root_;
    isolated_spaces -= design_ == Design::Isolated ? 1 : 0;
    adopt(std::exchange(prepared_, {}), wanted);
    // A number of its own: whatever TLBs hold of the old roots can never be used again.
    if (!mutated(Mutation::DesignChangeKeepsPcid)) {
        context_ = {};
    }
    user_flush_owed_ = false;
    if (active) {
        active_space = nullptr;
        activate();
    }
    need_root();
    frames().release(old_root);
}

UserTlb AddressSpace::user_tlb() {
    return {context_, design_, is_active(), group_};
}

void AddressSpace::invalidate(const StaleGroup& group) {
    if (!group.empty()) {
        UserTlb(context_, design_, is_active()).invalidate(group);
    }
}

ChangeGroup::ChangeGroup(AddressSpace& space) : space_(space.group_ == nullptr ? &space : nullptr) {
    if (space_ != nullptr) {
        space_->group_ = &stale_;
    }
}

ChangeGroup::~ChangeGroup() {
    if (space_ != nullptr) {
        space_->group_ = nullptr;
        space_->invalidate(stale_);
    }
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
    std::move(outcome).value().consume(user_tlb());
    return {};
}

u64 AddressSpace::map_beside(VirtualAddress mapped, VirtualAddress first,
                             std::span<const PhysicalAddress> frames, PageProtection protection) {
    const auto known = PageEntry::find(table_memory, user_root_, mapped);
    RF_ASSERT(known);
    const paging::Attributes attributes = attributes_of(protection);
    u64 done = 0;
    for (usize i = 0; i < frames.size(); ++i) {
        if (frames[i].value() == 0) {
            continue;
        }
        PageEntry entry = known->beside(first + i * page_size);
        if (!entry.present()) {
            entry.fill(frames[i], attributes);
            done |= bit<u64>(static_cast<unsigned>(i));
        }
    }
    return done;
}

Result<Mapping, MapError> AddressSpace::unmap_page(VirtualAddress page) {
    auto entry = present_entry(user_root_, page);
    if (!entry.ok()) {
        return Error{entry.error()};
    }
    PageEntry::Word old = 0;
    entry.value().clear(old).consume(user_tlb());
    return mapping_of(KernelWalker::leaf_of(old, 1, page, paging::no_limit));
}

Result<void, MapError> AddressSpace::protect_page(VirtualAddress page, PageProtection protection) {
    auto entry = present_entry(user_root_, page);
    if (!entry.ok()) {
        return Error{entry.error()};
    }
    entry.value().protect(attributes_of(protection)).consume(user_tlb());
    return {};
}

Result<void, MapError> AddressSpace::replace_page(VirtualAddress page, PhysicalAddress frame,
                                                  PageProtection protection) {
    auto entry = present_entry(user_root_, page);
    if (!entry.ok()) {
        return Error{entry.error()};
    }
    // What the processor ran ahead of the fault may have cached the old frame again.
    // [intel/vol3]: 4.10.2.3
    if (!mutated(Mutation::KernelFaultTakenForUsers)) {
        forget_user_fault();
    }
    entry.value().replace(frame, attributes_of(protection)).consume(user_tlb());
    return {};
}

Result<Mapping, MapError> AddressSpace::lookup(VirtualAddress address) const {
    if (address >= user_end) {
        return Error{MapError::BadAddress};
    }
    if (mutated(Mutation::RootEntryMirroredLate) && design_ == Design::Isolated) {
        mirror_late(kernel_root_, user_root_);
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
    std::move(outcome).value().consume(user_tlb());
}

RF_DESIGN_CHANGE void AddressSpace::activate() {
    if (is_active()) {
        return;
    }
    if (active_space != nullptr) {
        active_space->user_flush_owed_ =
            user_flush_owed() && !mutated(Mutation::OwedFlushLostOnSwitch);
    }
    const AddressSpace* const before = active_space;
    active_space = this;
    const bool keep = pcids.valid(context_);
    if (isolation().pcid && !keep) {
        const auto allocation = pcids.allocate();
        if (allocation.flush_everything) {
            flush_all_translations();
        }
        context_ = allocation.context;
        user_flush_owed_ = true;
        if (mutated(Mutation::PcidZeroForPrograms) && context_.number > PcidAllocator::first) {
            context_.number -= PcidAllocator::first + 1;  // no program ever runs in the first space
        }
        if (mutated(Mutation::PcidReusedUnflushed)) {
            constexpr u16 numbers = 6;  // what Linux makes do with
            context_.number = PcidAllocator::first + context_.number % numbers;
            user_flush_owed_ = false;
        }
    }
    select_entry_paths(setting_);
    if (design_ == Design::Isolated) {
        clear_entry_stack();
        if (!(mutated(Mutation::ExitRootNotSwitched) && before != nullptr && keep)) {
            cpu_state.exit_root = user_cr3(user_root_, context_, user_flush_owed_);
        }
    }
    if (mutated(Mutation::KernelRootNotSwitched) && before != nullptr && keep) {
        forget_late_root();
        return;
    }
    const u64 root =
        kernel_cr3(kernel_root_, context_, keep || mutated(Mutation::PcidReusedUnflushed));
    const bool owes_flush = isolation().pcid && !keep;
    if (design_ == Design::Isolated && !owes_flush && setting_.ldt() == nullptr) {
        let_root_be_late(root);
    } else {
        forget_late_root();
        load_root(root);
    }
}

void AddressSpace::activate_kernel_only() {
    if (active_space == nullptr) {
        return;
    }
    active_space->user_flush_owed_ = user_flush_owed() && !mutated(Mutation::OwedFlushLostOnSwitch);
    active_space = nullptr;
    if (selected_design() == Design::Isolated) {
        clear_entry_stack();
        cpu_state.exit_root = 0;  // no thread without an address space leaves to user mode
    }
    forget_late_root();
    load_root(x86::Cr3::make(kernel_root()));
}

void AddressSpace::release_ldt() {
    if (ldt_ == nullptr) {
        return;
    }
    forget_ldt(*ldt_);
    UserTlb tlb = user_tlb();
    ldt_->release({kernel_root_, user_root_, tlb});
    delete ldt_;
    ldt_ = nullptr;
    setting_ = {design_, nullptr};
}

Result<void, MapError> AddressSpace::set_ldt_entry(unsigned index, u64 descriptor) {
    if (ldt_ == nullptr) {
        ldt_ = new Ldt;
    }
    UserTlb tlb = user_tlb();
    const auto outcome = ldt_->set(index, descriptor, {kernel_root_, user_root_, tlb});
    if (ldt_->entries() == 0) {  // there was no memory for the first one
        release_ldt();
        return outcome;
    }
    setting_ = {design_, ldt_};
    if (is_active()) {
        need_root();
        select_changed_ldt(setting_);
    }
    return outcome;
}

Result<void, MapError> AddressSpace::inherit(const AddressSpace& parent) {
    for (unsigned index = 0; parent.ldt_ != nullptr && index < parent.ldt_->entries(); ++index) {
        RF_TRY(set_ldt_entry(index, parent.ldt_->entry(index)));
    }
    return {};
}

VirtualAddress AddressSpace::aim_espfix_stack(u64 selector, u64 stack_pointer) {
    AddressSpace& space = *active_space;
    if (!space.ldt_->is_16bit_stack(selector)) {
        return {};
    }
    UserTlb tlb = space.user_tlb();
    return space.ldt_->aim_espfix_stack(stack_pointer, {space.kernel_root_, space.user_root_, tlb});
}

bool AddressSpace::is_active() const {
    return active_space == this;
}

}  // namespace ringfence::kernel::arch
