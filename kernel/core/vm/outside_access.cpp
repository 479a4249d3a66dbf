// SPDX-License-Identifier: MIT
// Memory of a program as others reach it: its tracer, and those who may trace it. Nothing goes by
// the program's addresses; each page's frame is looked up, or supplied, in its own tables.
#include <algorithm>
#include <cstring>

#include "kernel/core/vm/admission.h"
#include "kernel/core/vm/memory_space.h"

namespace ringfence::kernel {

namespace {

bool permits(const Protection& protection, FaultAccess access) {
    return access == FaultAccess::Write ? protection.write : !protection.none();
}

/// The page of data that the kernel keeps for all programs' clocks is no program's memory.
bool is_kernels(const Region& region) {
    return region.kind == RegionKind::Vdso && !region.protection.execute;
}

Fallible<PhysicalAddress> copy_of(PhysicalAddress frame) {
    RF_TRY_ASSIGN(copy, allocate_program_frame(FrameUse::Anonymous));
    std::memcpy(frame_bytes(copy), frame_bytes(frame), frame_size);
    return copy;
}

}  // namespace

/// A page that the program may read but not write to, for its tracer to write to: the program's own
/// copy, with the same permissions.
Fallible<PhysicalAddress> MemorySpace::own_frame(const Region& region, VirtualAddress page) {
    if (resolve_fault(page, FaultAccess::Read) != FaultOutcome::Resolved) {
        return Error{Errno::Efault};
    }
    const auto mapping = tables_.lookup(page);
    RF_ASSERT(mapping.ok());  // just supplied
    const PhysicalAddress old = mapping.value().frame;
    if (frames().references(old) == 1) {
        return old;
    }
    RF_TRY_ASSIGN(copy, copy_of(old));
    RF_ASSERT(tables_.replace_page(page, copy, {.executable = region.protection.execute}).ok());
    frames().release(old);
    return copy;
}

/// A page that is not mapped because the program may not even read it.
Fallible<PhysicalAddress> MemorySpace::hidden_frame(const Region& region, VirtualAddress page,
                                                    FaultAccess access) {
    const u64 number = page.value() / page_size;
    if (hidden_.find(number) == nullptr) {
        RF_TRY(admit_allocation());
        RF_TRY_ASSIGN(supplied, frame_for(region, page, access));
        hidden_.insert(number, supplied);
    }
    const PhysicalAddress frame = *hidden_.find(number);
    if (access != FaultAccess::Write || frames().references(frame) == 1) {
        return frame;
    }
    RF_TRY_ASSIGN(copy, copy_of(frame));
    frames().release(hidden_.take(number));
    hidden_.insert(number, copy);
    return copy;
}

Fallible<PhysicalAddress> MemorySpace::frame_for_outsider(VirtualAddress address,
                                                          FaultAccess access, Reach reach) {
    const VirtualAddress page = address.align_down(page_size);
    const Region* const region = regions_.find(address);
    if (region == nullptr || is_kernels(*region)) {
        return Error{Errno::Efault};
    }
    if (permits(region->protection, access)) {
        if (resolve_fault(address, access) != FaultOutcome::Resolved) {
            return Error{Errno::Efault};
        }
        const auto mapping = tables_.lookup(page);
        RF_ASSERT(mapping.ok());  // just supplied
        return mapping.value().frame;
    }
    if (reach == Reach::AsProgram || (access == FaultAccess::Write && region->shared)) {
        return Error{Errno::Efault};
    }
    return region->protection.none() ? hidden_frame(*region, page, access)
                                     : own_frame(*region, page);
}

/// Calls `visit(place in the direct map, bytes done before, bytes there)` for each piece of
/// [start, start + bytes) that lies in one page, up to the first that is out of reach. The bytes
/// up to that.
template <typename Visit>
u64 MemorySpace::visit_from_outside(VirtualAddress start, u64 bytes, FaultAccess access,
                                    Reach reach, Visit visit) {
    u64 done = 0;
    while (done < bytes) {
        const VirtualAddress at = start + done;
        const u64 offset = at - at.align_down(page_size);
        const u64 piece = std::min(bytes - done, page_size - offset);
        const auto frame = frame_for_outsider(at, access, reach);
        if (!frame) {
            break;
        }
        visit(frame_bytes(frame.value()) + offset, done, piece);
        done += piece;
    }
    return done;
}

u64 MemorySpace::read_from_outside(VirtualAddress from, std::span<u8> to, Reach reach) {
    return visit_from_outside(
        from, to.size(), FaultAccess::Read, reach,
        [&](const u8* place, u64 done, u64 bytes) { std::memcpy(to.data() + done, place, bytes); });
}

u64 MemorySpace::write_from_outside(VirtualAddress to, std::span<const u8> from, Reach reach) {
    return visit_from_outside(
        to, from.size(), FaultAccess::Write, reach,
        [&](u8* place, u64 done, u64 bytes) { std::memcpy(place, from.data() + done, bytes); });
}

}  // namespace ringfence::kernel
