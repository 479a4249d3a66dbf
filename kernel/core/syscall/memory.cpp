// SPDX-License-Identifier: MIT
// Mapping memory.
#include <algorithm>

#include "kernel/core/fs/file_seals.h"
#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/vm/admission.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::syscalls {

namespace {

/// [linux/abi]: include/uapi/asm-generic/mman-common.h
namespace protection_bits {
using Read = Flag<0, u32>;
using Write = Flag<1, u32>;
using Execute = Flag<2, u32>;
using All = Bitfield<0, 3, u32>;
using Semaphore = Flag<3, u32>;
using GrowsDown = Flag<24, u32>;
using GrowsUp = Flag<25, u32>;
}  // namespace protection_bits

namespace map_bits {
using Kind = Bitfield<0, 2, u32>;  ///< 1 shared, 2 private, 3 shared and validated
using Fixed = Flag<4, u32>;
using Anonymous = Flag<5, u32>;
using Low = Flag<6, u32>;  ///< MAP_32BIT
using GrowsDown = Flag<8, u32>;
using Populate = Flag<15, u32>;
using FixedNoReplace = Flag<20, u32>;
constexpr u32 kind_private = 2;
}  // namespace map_bits

Protection decode_protection(u32 word) {
    using namespace protection_bits;
    return {.read = Read::test(word), .write = Write::test(word), .execute = Execute::test(word)};
}

Fallible<void> attach_file(Region& region, i32 descriptor, u64 offset) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (!file->flags().readable()) {
        return Error{Errno::Eacces};
    }
    if (region.shared && region.protection.write && !file->flags().writable()) {
        return Error{Errno::Eacces};
    }
    if (file->inode().pages() == nullptr) {
        return Error{Errno::Enodev};
    }
    region.may_write = !region.shared || file->flags().writable();
    const FileSeals* const seals = file->inode().seals();
    if (region.shared && seals != nullptr && !seals->may_write()) {
        if (region.protection.write) {
            return Error{Errno::Eperm};
        }
        region.may_write = false;
    }
    region.file = Ref<Inode>(&file->inode());
    region.offset = offset;
    region.path = file->path();
    return {};
}

Placement placement_of(u32 flags) {
    if (map_bits::FixedNoReplace::test(flags)) {
        return Placement::FixedIfFree;
    }
    if (map_bits::Fixed::test(flags)) {
        return Placement::Fixed;
    }
    return map_bits::Low::test(flags) ? Placement::Low : Placement::Anywhere;
}

/// Touches each page, as far as memory goes; false if it does not go to the end.
bool populate(MemorySpace& memory, VirtualAddress start, u64 size, const Protection& protection) {
    if (protection.none()) {
        return true;
    }
    const FaultAccess access = protection.write ? FaultAccess::Write : FaultAccess::Read;
    for (u64 done = 0; done < size; done += page_size) {
        if (memory.resolve_fault(start + done, access) != FaultOutcome::Resolved) {
            return false;
        }
    }
    return true;
}

Fallible<void> check_range(Pointer address, u64 size) {
    if (!address.is_aligned(page_size)) {
        return Error{Errno::Einval};
    }
    const u64 rounded = align_up(size, page_size);
    if (rounded < size || !arch::is_user_range(address, rounded)) {
        return Error{Errno::Enomem};
    }
    return {};
}

bool is_covered(Pointer address, u64 size) {
    return current_process().memory->regions().covers(address,
                                                      (address + size).align_up(page_size));
}

}  // namespace

Value mmap(Pointer address, u64 size, u32 protection, u32 flags, i32 descriptor, u64 offset) {
    const u32 kind = map_bits::Kind::get(flags);
    const u64 rounded = align_up(size, page_size);
    if (size == 0 || kind == 0 || !is_aligned(offset, page_size)) {
        return Error{Errno::Einval};
    }
    if (rounded < size || rounded > arch::user_end.value()) {
        return Error{Errno::Enomem};
    }
    if (offset + rounded < offset) {
        return Error{Errno::Eoverflow};
    }
    Region region{.start = address,
                  .end = address + rounded,
                  .protection = decode_protection(protection),
                  .shared = kind != map_bits::kind_private,
                  .grows_down = map_bits::GrowsDown::test(flags)};
    if (!map_bits::Anonymous::test(flags)) {
        RF_TRY(attach_file(region, descriptor, offset));
    } else if (region.shared) {
        RF_TRY(admit_allocation());
        region.file = make_unnamed_file(rounded);
        region.path = String("/dev/zero (deleted)");
    }
    Process& process = current_process();
    const Protection wanted = region.protection;
    RF_TRY_ASSIGN(start, process.memory->map(std::move(region), placement_of(flags),
                                             process.limit(Resource::AddressSpace)));
    if (map_bits::Populate::test(flags)) {
        populate(*process.memory, start, rounded, wanted);
    }
    return start.value();
}

Nothing munmap(Pointer address, u64 size) {
    const u64 rounded = align_up(size, page_size);
    if (rounded < size) {
        return Error{Errno::Einval};
    }
    return current_process().memory->unmap(address, rounded);
}

Nothing mprotect(Pointer address, u64 size, u32 protection) {
    using namespace protection_bits;
    if ((protection &
         ~(All::mask | Semaphore::mask | protection_bits::GrowsDown::mask | GrowsUp::mask)) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY(check_range(address, size));
    return current_process().memory->protect(address, align_up(size, page_size),
                                             decode_protection(protection));
}

Value mremap(Pointer address, u64 old_size, u64 new_size, u32 flags, Pointer target) {
    using MayMove = Flag<0, u32>;
    using FixedTarget = Flag<1, u32>;
    constexpr u32 known = MayMove::mask | FixedTarget::mask;
    const bool fixed = FixedTarget::test(flags);
    if ((flags & ~known) != 0 || (fixed && !MayMove::test(flags)) || new_size == 0) {
        return Error{Errno::Einval};
    }
    RF_TRY(check_range(address, old_size));
    if (new_size > arch::user_end.value()) {
        return Error{Errno::Enomem};
    }
    RF_TRY_ASSIGN(start, current_process().memory->remap(
                             address, align_up(old_size, page_size), align_up(new_size, page_size),
                             MayMove::test(flags), fixed ? &target : nullptr));
    return start.value();
}

Nothing madvise(Pointer address, u64 size, i32 advice) {
    constexpr i32 dont_need = 4;
    constexpr i32 last_simple_advice = 4;
    constexpr i32 free_lazily = 8;
    constexpr i32 last_advice = 25;
    RF_TRY(check_range(address, size));
    const bool known = (advice >= 0 && advice <= last_simple_advice) ||
                       (advice >= free_lazily && advice <= last_advice);
    if (!known) {
        return Error{Errno::Einval};
    }
    if (size == 0) {
        return {};
    }
    if (!is_covered(address, size)) {
        return Error{Errno::Enomem};
    }
    if (advice == dont_need) {
        return current_process().memory->forget(address, size);
    }
    return {};
}

Nothing mincore(Pointer address, u64 size, Pointer residency) {
    RF_TRY(check_range(address, size));
    if (!arch::is_user_range(residency, align_up(size, page_size) / page_size)) {
        return Error{Errno::Efault};
    }
    if (!is_covered(address, size)) {
        return Error{Errno::Enomem};
    }
    const MemorySpace& memory = *current_process().memory;
    for (u64 done = 0; done < align_up(size, page_size); done += page_size) {
        const u8 resident = memory.is_resident(address + done) ? 1 : 0;
        RF_TRY(write_user(residency + done / page_size, resident));
    }
    return {};
}

Nothing msync(Pointer address, u64 size, u32 flags) {
    using Asynchronous = Flag<0, u32>;
    using Synchronous = Flag<2, u32>;
    constexpr u32 known = 7;
    if ((flags & ~known) != 0 || (Asynchronous::test(flags) && Synchronous::test(flags))) {
        return Error{Errno::Einval};
    }
    RF_TRY(check_range(address, size));
    if (size != 0 && !is_covered(address, size)) {
        return Error{Errno::Enomem};
    }
    return {};  // shared pages are the file's own
}

Nothing mlock(Pointer address, u64 size) {
    const VirtualAddress start = address.align_down(page_size);
    const u64 whole = align_up(size + (address - start), page_size);
    RF_TRY(check_range(start, whole));
    if (size != 0 && !is_covered(start, whole)) {
        return Error{Errno::Enomem};
    }
    MemorySpace& memory = *current_process().memory;
    const VirtualAddress end = start + (size != 0 ? whole : 0);
    for (VirtualAddress at = start; at < end;) {
        const Region* const region = memory.regions().find(at);
        const VirtualAddress stop = std::min(region->end, end);
        if (!populate(memory, at, stop - at, region->protection)) {
            return Error{Errno::Enomem};
        }
        at = stop;
    }
    return {};  // no page is ever taken away
}

Nothing mlock2(Pointer address, u64 size, u32 flags) {
    using OnFault = Flag<0, u32>;
    if ((flags & ~OnFault::mask) != 0) {
        return Error{Errno::Einval};
    }
    return OnFault::test(flags) ? munlock(address, size) : mlock(address, size);
}

Nothing munlock(Pointer address, u64 size) {
    const VirtualAddress start = address.align_down(page_size);
    const u64 whole = align_up(size + (address - start), page_size);
    RF_TRY(check_range(start, whole));
    if (size != 0 && !is_covered(start, whole)) {
        return Error{Errno::Enomem};
    }
    return {};
}

Nothing mlockall(u32 flags) {
    constexpr u32 known = 7;
    if (flags == 0 || (flags & ~known) != 0) {
        return Error{Errno::Einval};
    }
    return {};
}

Nothing munlockall() {
    return {};
}

Value brk(Pointer address) {
    Process& process = current_process();
    return process.memory->set_break(address, process.limit(Resource::Data)).value();
}

}  // namespace ringfence::kernel::syscalls
