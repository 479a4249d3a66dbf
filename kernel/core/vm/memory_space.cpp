// SPDX-License-Identifier: MIT
// Making, changing and copying address spaces. Page faults are in page_fault.cpp.
#include "kernel/core/vm/memory_space.h"

#include <algorithm>

#include "kernel/core/process/resource_limits.h"
#include "kernel/core/vm/admission.h"
#include "kernel/core/vm/page_batch.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel {

namespace {
/// Lowest address that a program may map, so that null pointers fault. [linux/abi]: mmap_min_addr
constexpr VirtualAddress lowest_mapping{64 * kib};
/// Where MAP_32BIT puts mappings. [linux/abi]: mmap(2), arch/x86/kernel/sys_x86_64.c
constexpr VirtualAddress low_mappings_start{1 * gib};
constexpr VirtualAddress low_mappings_end{2 * gib};
constexpr usize most_regions = 65530;  // [linux/abi]: vm.max_map_count

bool is_page_range(VirtualAddress start, u64 size) {
    return start.is_aligned(page_size) && arch::is_user_range(start, size);
}
}  // namespace

MemorySpace::MemorySpace() {
    static u64 made = 0;
    serial_number_ = ++made;
}

Fallible<Ref<MemorySpace>> MemorySpace::create(IsolationSetting isolation) {
    RF_TRY(admit_allocation());
    Ref<MemorySpace> space(new MemorySpace());
    if (!space->tables_.create(isolation.design())) {
        return Error{Errno::Enomem};
    }
    space->isolation = isolation;
    return space;
}

MemorySpace::~MemorySpace() {
    if (mapping_watchers != 0) {
        tell_files(VirtualAddress{}, arch::user_end, &Inode::region_removed);
    }
    if (tables_.is_active()) {
        arch::AddressSpace::activate_kernel_only();
    }
    tables_.release_all([](void*, VirtualAddress,
                           const arch::Mapping& mapping) { frames().release(mapping.frame); },
                        nullptr);
}

void MemorySpace::activate() {
    if (!tables_.is_active()) {
        tables_.activate();
    }
}

bool MemorySpace::is_resident(VirtualAddress page) const {
    return tables_.lookup(page).ok();
}

Fallible<VirtualAddress> MemorySpace::choose_place(const Region& wanted, u64 size,
                                                   Placement placement) {
    const VirtualAddress hint = wanted.start;
    const bool is_low = placement == Placement::Low;
    if (placement != Placement::Anywhere && !is_low) {
        if (!hint.is_aligned(page_size)) {
            return Error{Errno::Einval};
        }
        if (!arch::is_user_range(hint, size)) {
            return Error{Errno::Enomem};
        }
        if (hint < lowest_mapping) {
            return Error{Errno::Eperm};
        }
        if (placement == Placement::FixedIfFree && !regions_.is_free(hint, hint + size)) {
            return Error{Errno::Eexist};
        }
        return hint;
    }
    const VirtualAddress bottom = is_low ? low_mappings_start : lowest_mapping;
    const VirtualAddress top = is_low ? low_mappings_end : layout.map_top;
    const VirtualAddress rounded = hint.align_down(page_size);
    if (rounded >= lowest_mapping && arch::is_user_range(rounded, size) &&
        (!is_low || rounded + size <= top) && regions_.is_free(rounded, rounded + size)) {
        return rounded;
    }
    const auto gap = regions_.find_gap(size, bottom, top);
    if (!gap) {
        return Error{Errno::Enomem};
    }
    return *gap;
}

Fallible<VirtualAddress> MemorySpace::map(Region wanted, Placement placement, u64 size_limit) {
    const u64 size = wanted.size();
    RF_TRY(admit_change());
    if (regions_.count() >= most_regions || size > size_limit ||
        regions_.total_size() > size_limit - size) {
        return Error{Errno::Enomem};
    }
    const bool private_writable = !wanted.shared && wanted.protection.write;
    if (private_writable && size / page_size > frames().total_frames()) {
        return Error{Errno::Enomem};  // could never be filled
    }
    RF_TRY_ASSIGN(start, choose_place(wanted, size, placement));
    if (placement == Placement::Fixed) {
        RF_TRY(unmap(start, size));
    }
    wanted.start = start;
    wanted.end = start + size;
    if (mapping_watchers != 0 && wanted.file) {
        wanted.file->region_added();
    }
    regions_.insert(std::move(wanted));
    return start;
}

/// What every change of the regions begins with: whatever it then does, it has the memory for that.
Fallible<void> MemorySpace::admit_change() {
    RF_TRY(admit_allocation());
    if (!regions_.make_room()) {
        return Error{Errno::Enomem};
    }
    return {};
}

void MemorySpace::release_pages(VirtualAddress start, VirtualAddress end) {
    const arch::ChangeGroup together(tables_);
    PageBatch batch;
    for (VirtualAddress at = start; batch.collect(tables_, at, end); at = batch.resume_at()) {
        for (const PageBatch::Page& page : batch) {
            const auto mapping = tables_.unmap_page(page.address);
            RF_ASSERT(mapping.ok());
            frames().release(mapping.value().frame);
            --resident_pages_;
        }
    }
    const u64 last = end.value() / page_size;
    for (u64 page = hidden_.next(start.value() / page_size); page < last;
         page = hidden_.next(page)) {
        frames().release(hidden_.take(page));
    }
}

Fallible<void> MemorySpace::unmap(VirtualAddress start, u64 size) {
    if (size == 0 || !is_page_range(start, size)) {
        return Error{Errno::Einval};
    }
    const VirtualAddress end = (start + size).align_up(page_size);
    const Region* cut = regions_.find(start);
    if (cut != nullptr && cut->start < start && cut->end > end &&
        (regions_.count() >= most_regions || !regions_.make_room())) {
        return Error{Errno::Enomem};
    }
    if (mapping_watchers != 0) {
        tell_files(start, end, &Inode::region_removed);
    }
    regions_.remove(start, end);
    release_pages(start, end);
    return {};
}

/// Tells the files of all regions in [start, end).
void MemorySpace::tell_files(VirtualAddress start, VirtualAddress end,
                             void (Inode::*event)()) const {
    for (const Region& region : regions_) {
        if (region.file && region.start < end && start < region.end) {
            ((*region.file).*event)();
        }
    }
}

void MemorySpace::hide_page(VirtualAddress page) {
    const auto mapping = tables_.unmap_page(page);
    RF_ASSERT(mapping.ok());
    hidden_.insert(page.value() / page_size, mapping.value().frame);
    --resident_pages_;
}

Fallible<void> MemorySpace::protect(VirtualAddress start, u64 size, Protection protection) {
    if (!start.is_aligned(page_size)) {
        return Error{Errno::Einval};
    }
    if (size == 0) {
        return {};
    }
    const VirtualAddress end = (start + size).align_up(page_size);
    if (!arch::is_user_range(start, size) || !regions_.covers(start, end)) {
        return Error{Errno::Enomem};
    }
    RF_TRY(admit_change());
    for (const Region* region = regions_.first_ending_above(start);
         region != regions_.end() && region->start < end; ++region) {
        if (protection.write && !region->may_write) {
            return Error{Errno::Eacces};
        }
    }
    regions_.update(start, end, [&](Region& region) { region.protection = protection; });
    const arch::ChangeGroup together(tables_);
    PageBatch batch;
    for (VirtualAddress from = start; batch.collect(tables_, from, end); from = batch.resume_at()) {
        for (const PageBatch::Page& page : batch) {
            if (protection.none()) {
                hide_page(page.address);
                continue;
            }
            const auto wanted =
                hardware_protection(*regions_.find(page.address), page.mapping.frame);
            if (wanted != page.mapping.protection) {
                RF_ASSERT(tables_.protect_page(page.address, wanted).ok());
            }
        }
    }
    return {};
}

Fallible<void> MemorySpace::forget(VirtualAddress start, u64 size) {
    const VirtualAddress end = (start + size).align_up(page_size);
    if (!regions_.covers(start, end)) {
        return Error{Errno::Enomem};
    }
    release_pages(start, end);
    return {};
}

void MemorySpace::forget_file_pages(const Inode& file, u64 first_page) {
    for (const Region& region : regions_) {
        if (region.file != &file) {
            continue;
        }
        const u64 first_offset = std::max(first_page * page_size, region.offset);
        const VirtualAddress start = region.start + (first_offset - region.offset);
        if (start < region.end) {
            release_pages(start, region.end);
        }
    }
}

VirtualAddress MemorySpace::set_break(VirtualAddress wanted, u64 data_limit) {
    const VirtualAddress start = layout.heap_start;
    if (wanted < start || !arch::is_user_range(wanted, 0) || wanted - start > data_limit ||
        (wanted - start) / page_size > frames().total_frames()) {
        return heap_end_;
    }
    const VirtualAddress old_end = heap_end_.align_up(page_size);
    const VirtualAddress new_end = wanted.align_up(page_size);
    if (new_end < old_end) {
        if (!unmap(new_end, old_end - new_end)) {
            return heap_end_;
        }
    } else if (new_end > old_end) {
        if (!regions_.is_free(old_end, new_end + page_size) || !admit_change()) {
            return heap_end_;
        }
        regions_.insert({.start = old_end,
                         .end = new_end,
                         .protection = {.read = true, .write = true},
                         .kind = RegionKind::Heap});
    }
    heap_end_ = wanted;
    return heap_end_;
}

void MemorySpace::move_pages(VirtualAddress from, VirtualAddress to, u64 size) {
    const arch::ChangeGroup together(tables_);
    PageBatch batch;
    for (VirtualAddress at = from; batch.collect(tables_, at, from + size);
         at = batch.resume_at()) {
        for (const PageBatch::Page& page : batch) {
            const auto mapping = tables_.unmap_page(page.address);
            RF_ASSERT(mapping.ok());
            const VirtualAddress target = to + (page.address - from);
            if (!tables_.map_page(target, page.mapping.frame, page.mapping.protection)) {
                // No table for it: keep the contents where a fault finds them.
                hidden_.insert(target.value() / page_size, page.mapping.frame);
                --resident_pages_;
            }
        }
    }
    const u64 first = from.value() / page_size;
    const u64 last = (from + size).value() / page_size;
    for (u64 page = hidden_.next(first); page < last; page = hidden_.next(page)) {
        hidden_.insert(to.value() / page_size + (page - first), hidden_.take(page));
    }
}

Fallible<VirtualAddress> MemorySpace::grow_or_move(const Region& old, u64 new_size, bool may_move,
                                                   const VirtualAddress* target) {
    const u64 old_size = old.size();
    if (target == nullptr && arch::is_user_range(old.start, new_size) &&
        regions_.is_free(old.end, old.start + new_size)) {
        regions_.extend(old.end, old.start + new_size);
        return old.start;
    }
    if (!may_move) {
        return Error{Errno::Enomem};
    }
    Region moved = old;
    moved.start = target != nullptr ? *target : VirtualAddress{};
    moved.end = moved.start + new_size;
    RF_TRY_ASSIGN(place, map(moved, target != nullptr ? Placement::Fixed : Placement::Anywhere,
                             ResourceLimit::unlimited));
    move_pages(old.start, place, std::min(old_size, new_size));
    regions_.remove(old.start, old.end);
    release_pages(old.start, old.end);
    return place;
}

Fallible<VirtualAddress> MemorySpace::remap(VirtualAddress start, u64 old_size, u64 new_size,
                                            bool may_move, const VirtualAddress* target) {
    if (!is_page_range(start, old_size) || new_size == 0 || old_size == 0) {
        return Error{Errno::Einval};
    }
    const Region* found = regions_.find(start);
    if (found == nullptr || found->end < start + old_size) {
        return Error{Errno::Efault};
    }
    if (target != nullptr && *target < start + old_size && start < *target + new_size) {
        return Error{Errno::Einval};
    }
    if (new_size < old_size && target == nullptr) {
        RF_TRY(unmap(start + new_size, old_size - new_size));
        return start;
    }
    if (new_size == old_size && target == nullptr) {
        return start;
    }
    RF_TRY(admit_change());
    found = regions_.find(start);  // making room may have moved it
    Region old = *found;
    old.offset += start - found->start;
    old.start = start;
    old.end = start + old_size;
    return grow_or_move(old, new_size, may_move, target);
}

}  // namespace ringfence::kernel
