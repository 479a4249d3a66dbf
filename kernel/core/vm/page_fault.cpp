// SPDX-License-Identifier: MIT
// Supplying pages when they are touched, and copying address spaces for fork.
#include <algorithm>
#include <bit>
#include <cstring>

#include "kernel/core/fs/page_source.h"
#include "kernel/core/vm/admission.h"
#include "kernel/core/vm/memory_space.h"
#include "kernel/core/vm/page_batch.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel {

namespace {

/// Free space that is kept below a growing stack. [linux/abi]: stack_guard_gap
constexpr u64 stack_guard_gap = 256 * page_size;

/// How many pages of a file are mapped at once at most: those that lie together up to a multiple of
/// this. [linux/abi]: mm/memory.c, fault_around_bytes
constexpr u64 neighbours = 16;

bool permits(const Protection& protection, FaultAccess access) {
    switch (access) {
        case FaultAccess::Write:
            return protection.write;
        case FaultAccess::Execute:
            return protection.execute;
        case FaultAccess::Read:
            return !protection.none();
    }
    return false;
}

FaultOutcome outcome_of(Errno reason) {
    return reason == Errno::Enomem ? FaultOutcome::OutOfMemory : FaultOutcome::BeyondFile;
}

}  // namespace

PhysicalAddress zero_frame() {
    static const PhysicalAddress frame = [] {
        const auto made = allocate_zeroed_frame(FrameUse::Kernel);
        RF_ASSERT(made.ok());  // taken at the first fault, long before memory can be short
        return made.value();
    }();
    return frame;
}

arch::PageProtection MemorySpace::hardware_protection(const Region& region,
                                                      PhysicalAddress frame) const {
    // A private page is written in place only while nobody else (fork, a file, the zero page's
    // other users) holds its frame.
    const bool may_write_here = region.shared || frames().references(frame) == 1;
    return {.writable = region.protection.write && may_write_here,
            .executable = region.protection.execute};
}

bool MemorySpace::grow_stack(Region& stack, VirtualAddress address) {
    const VirtualAddress wanted = address.align_down(page_size);
    if (layout.stack_top - wanted > layout.stack_limit) {
        return false;
    }
    const Region* below = regions_.last_ending_at_or_below(stack.start);
    if (below != nullptr && !below->protection.none() && below->end + stack_guard_gap > wanted) {
        return false;
    }
    if (below != nullptr && below->end > wanted) {
        return false;
    }
    stack.start = wanted;
    return true;
}

Region* MemorySpace::region_for(VirtualAddress address) {
    Region* region = regions_.first_ending_above(address);
    if (region == nullptr || region->contains(address)) {
        return region;
    }
    return region->grows_down && grow_stack(*region, address) ? region : nullptr;
}

FaultOutcome MemorySpace::resolve_fault(VirtualAddress address, FaultAccess access) {
    if (!arch::is_user_range(address, 1)) {
        return FaultOutcome::NoRegion;
    }
    const Region* region = region_for(address);
    if (region == nullptr) {
        return FaultOutcome::NoRegion;
    }
    if (!permits(region->protection, access)) {
        return FaultOutcome::Forbidden;
    }
    const VirtualAddress page = address.align_down(page_size);
    const auto mapping = tables_.lookup(page);
    return mapping ? resolve_present(*region, page, mapping.value(), access)
                   : resolve_absent(*region, page, access);
}

FaultOutcome MemorySpace::resolve_present(const Region& region, VirtualAddress page,
                                          const arch::Mapping& mapping, FaultAccess access) {
    const arch::PageProtection wanted = hardware_protection(region, mapping.frame);
    if (access == FaultAccess::Write && !wanted.writable) {
        return copy_on_write(region, page, mapping.frame);
    }
    if (wanted != mapping.protection) {
        RF_ASSERT(tables_.protect_page(page, wanted).ok());
    }
    return FaultOutcome::Resolved;
}

FaultOutcome MemorySpace::copy_on_write(const Region& region, VirtualAddress page,
                                        PhysicalAddress old) {
    const auto copy = allocate_program_frame(FrameUse::Anonymous);
    if (!copy) {
        return FaultOutcome::OutOfMemory;
    }
    std::memcpy(frame_bytes(copy.value()), frame_bytes(old), frame_size);
    const arch::PageProtection wanted{.writable = true, .executable = region.protection.execute};
    RF_ASSERT(tables_.replace_page(page, copy.value(), wanted).ok());
    frames().release(old);
    return FaultOutcome::Resolved;
}

Fallible<PhysicalAddress> MemorySpace::frame_for(const Region& region, VirtualAddress page,
                                                 FaultAccess access) {
    const u64 number = page.value() / page_size;
    if (hidden_.find(number) != nullptr) {
        return hidden_.take(number);
    }
    const bool wants_own = access == FaultAccess::Write && !region.shared;
    if (!region.file) {
        if (wants_own) {
            return allocate_program_frame_zeroed();
        }
        frames().add_reference(zero_frame());
        return zero_frame();
    }
    PageSource* source = region.file->pages();
    RF_ASSERT(source != nullptr);
    RF_TRY_ASSIGN(frame, source->page(region.file_page(page)));
    if (!wants_own) {
        return frame;
    }
    const auto own = allocate_program_frame(FrameUse::Anonymous);
    if (own) {
        std::memcpy(frame_bytes(own.value()), frame_bytes(frame), frame_size);
    }
    frames().release(frame);
    return own;
}

FaultOutcome MemorySpace::resolve_absent(const Region& region, VirtualAddress page,
                                         FaultAccess access) {
    const auto frame = frame_for(region, page, access);
    if (!frame) {
        return outcome_of(frame.error());
    }
    const FaultOutcome outcome = install(region, page, frame.value());
    if (outcome == FaultOutcome::Resolved && region.file && access != FaultAccess::Write) {
        map_neighbours(region, page);
    }
    const bool still_shared = !region.shared && frames().references(frame.value()) > 1;
    if (outcome == FaultOutcome::Resolved && access == FaultAccess::Write && still_shared) {
        return copy_on_write(region, page, frame.value());  // a hidden page that fork shared
    }
    return outcome;
}

/// What a program reads of a file it reads near by, too: the pages around `page`, which is mapped,
/// come with it if they are in memory, and so many entries into the kernel less are made.
void MemorySpace::map_neighbours(const Region& region, VirtualAddress page) {
    const VirtualAddress from = page.align_down(neighbours * page_size);
    const VirtualAddress start = std::max(from, region.start);
    const VirtualAddress end = std::min(from + neighbours * page_size, region.end);
    if (hidden_.next(start.value() / page_size) < end.value() / page_size) {
        return;  // these have contents of their own
    }
    PhysicalAddress in_memory[neighbours];
    const std::span<PhysicalAddress> wanted{in_memory, (end - start) / page_size};
    region.file->pages()->pages_in_memory(region.file_page(start), wanted);
    const arch::PageProtection protection{.writable = region.shared && region.protection.write,
                                          .executable = region.protection.execute};
    u64 mapped = tables_.map_beside(page, start, wanted, protection);
    count_resident(static_cast<u64>(std::popcount(mapped)));
    for (; mapped != 0; mapped &= mapped - 1) {
        frames().add_reference(wanted[static_cast<usize>(std::countr_zero(mapped))]);
    }
}

FaultOutcome MemorySpace::install(const Region& region, VirtualAddress page,
                                  PhysicalAddress frame) {
    if (!tables_.map_page(page, frame, hardware_protection(region, frame))) {
        frames().release(frame);
        return FaultOutcome::OutOfMemory;
    }
    count_resident(1);
    return FaultOutcome::Resolved;
}

void MemorySpace::count_resident(u64 pages) {
    resident_pages_ += pages;
    most_resident_pages_ = std::max(most_resident_pages_, resident_pages_);
}

Fallible<void> MemorySpace::copy_pages_to(MemorySpace& child, const Region& region) {
    PageBatch batch;
    for (VirtualAddress at = region.start; batch.collect(tables_, at, region.end);
         at = batch.resume_at()) {
        RF_TRY(admit_allocation());
        for (const PageBatch::Page& page : batch) {
            arch::PageProtection shared = page.mapping.protection;
            shared.writable = false;
            if (!child.tables_.map_page(page.address, page.mapping.frame, shared)) {
                return Error{Errno::Enomem};
            }
            frames().add_reference(page.mapping.frame);
            ++child.resident_pages_;
            if (page.mapping.protection.writable) {
                RF_ASSERT(tables_.protect_page(page.address, shared).ok());
            }
        }
    }
    return {};
}

Fallible<void> MemorySpace::copy_hidden_to(MemorySpace& child, const Region& region) {
    const u64 last = region.end.value() / page_size;
    for (u64 page = hidden_.next(region.start.value() / page_size); page < last;
         page = hidden_.next(page + 1)) {
        RF_TRY(admit_allocation());
        frames().add_reference(*hidden_.find(page));
        child.hidden_.insert(page, *hidden_.find(page));
    }
    return {};
}

Fallible<Ref<MemorySpace>> MemorySpace::copy() {
    RF_TRY_ASSIGN(child, create(isolation));
    child->layout = layout;
    child->dumpable = dumpable;
    child->heap_end_ = heap_end_;
    if (!child->tables_.inherit(tables_) || !child->regions_.make_room_for(regions_)) {
        return Error{Errno::Enomem};
    }
    const arch::ChangeGroup together(tables_);  // what was writable no longer is
    for (const Region& region : regions_) {
        child->regions_.insert(region);
        if (!region.shared) {  // shared pages come back from their file when they are touched
            RF_TRY(copy_pages_to(*child, region));
            RF_TRY(copy_hidden_to(*child, region));
        }
    }
    if (mapping_watchers != 0) {
        child->tell_files(VirtualAddress{}, arch::user_end, &Inode::region_added);
    }
    child->most_resident_pages_ = child->resident_pages_;
    return child;
}

}  // namespace ringfence::kernel
