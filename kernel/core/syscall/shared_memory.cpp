// SPDX-License-Identifier: MIT
// System V shared memory. [linux/abi]: shmget(2), shmop(2), shmctl(2)
#include "kernel/core/ipc/shared_segment.h"
#include "kernel/core/memory/frame_allocator.h"
#include "kernel/core/syscall/ipc_support.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::syscalls {

namespace {

namespace segment_flags {
// Of shmget.
using HugePages = Flag<11, u32>;
using NoReserve = Flag<12, u32>;
// Of shmat.
using ReadOnly = Flag<12, u32>;
using Round = Flag<13, u32>;
using Remap = Flag<14, u32>;
using Execute = Flag<15, u32>;
}  // namespace segment_flags

/// Beside ipc_commands.
namespace segment_commands {
constexpr i32 lock = 11;
constexpr i32 unlock = 12;
constexpr i32 status_of_place = 13;
constexpr i32 usage = 14;
constexpr i32 status_of_any_place = 15;
}  // namespace segment_commands

/// `struct shmid64_ds`.
struct SegmentImage {
    IpcPermissionImage permissions;
    u64 size;
    i64 attach_time;
    i64 detach_time;
    i64 change_time;
    u32 creator;
    u32 last_process;
    u64 attached;
    u64 unused[2];
};
static_assert(sizeof(SegmentImage) == 112);

/// `struct shminfo64`.
struct SegmentLimitsImage {
    u64 largest_size = segment_limits::largest_size;
    u64 least_size = segment_limits::least_size;
    u64 most_segments = segment_limits::most_segments;
    u64 most_per_process = segment_limits::most_segments;
    u64 most_pages = segment_limits::most_pages;
    u64 unused[4]{};
};
static_assert(sizeof(SegmentLimitsImage) == 72);

/// `struct shm_info`.
struct SegmentUsageImage {
    u32 segments;
    u32 padding;
    u64 pages;
    u64 present_pages;
    u64 swapped_pages;
    u64 swap_attempts;
    u64 swap_successes;
};
static_assert(sizeof(SegmentUsageImage) == 48);

Fallible<SharedSegment*> make_segment(i32 key, u64 size, u32 flags) {
    if (size < segment_limits::least_size || size > TmpfsFile::largest_size) {
        return Error{Errno::Einval};
    }
    const bool could_be_filled = size <= frames().total_frames() * frame_size;
    if (segment_flags::HugePages::test(flags) ||  // none are set aside
        (!could_be_filled && !segment_flags::NoReserve::test(flags))) {
        return Error{Errno::Enomem};
    }
    const Process& process = current_process();
    return SharedSegment::create(key, flags, size, process.credentials, process.id());
}

/// What shmat asks for.
struct Attachment {
    Pointer address;  ///< null: anywhere
    Protection protection;
    bool replaces = false;

    [[nodiscard]] u32 access() const {
        return ipc_access::read | (protection.write ? ipc_access::write : 0) |
               (protection.execute ? ipc_access::execute : 0);
    }
};

Fallible<Attachment> decode_attachment(Pointer address, u32 flags) {
    using namespace segment_flags;
    const bool replaces = Remap::test(flags);
    const Pointer rounded = address.align_down(page_size);
    if (rounded != address && !Round::test(flags)) {
        return Error{Errno::Einval};
    }
    if (rounded == Pointer{} && replaces) {
        return Error{Errno::Einval};
    }
    // An address that is rounded to null means that place, and there nobody may map anything.
    if (rounded == Pointer{} && address != Pointer{}) {
        return Error{Errno::Eperm};
    }
    const bool writes = !ReadOnly::test(flags);
    return Attachment{
        .address = rounded,
        .protection = {.read = true, .write = writes, .execute = Execute::test(flags)},
        .replaces = replaces};
}

/// Where the segment must go, if it must; Einval if something is there.
Fallible<Placement> placement_of(const Attachment& wanted, u64 size) {
    if (wanted.address == Pointer{}) {
        return Placement::Anywhere;
    }
    if (wanted.replaces) {
        return Placement::Fixed;
    }
    const Pointer end = wanted.address + size;
    if (end < wanted.address || !current_process().memory->regions().is_free(wanted.address, end)) {
        return Error{Errno::Einval};
    }
    return Placement::Fixed;
}

/// True if the region is a piece of a segment that was attached at `start`.
bool was_attached_at(const Region& region, Pointer start) {
    return region.kind == RegionKind::SharedSegment && region.start >= start &&
           region.offset == region.start - start;
}

/// The lowest piece of a segment that was attached at `start`; null if there is none.
const Region* first_piece(const MemorySpace& memory, Pointer start) {
    for (const Region& region : memory.regions()) {
        if (was_attached_at(region, start)) {
            return &region;
        }
    }
    return nullptr;
}

SegmentImage image_of(const SharedSegment& segment) {
    return {.permissions = segment.image(),
            .size = segment.size(),
            .attach_time = segment.attach_time(),
            .detach_time = segment.detach_time(),
            .change_time = segment.change_time(),
            .creator = segment.creator(),
            .last_process = segment.last_process(),
            .attached = segment.attached(),
            .unused = {}};
}

Value write_status(i32 id, Pointer buffer, IpcLookup how) {
    RF_TRY_ASSIGN(segment, status_subject(shared_segments(), id, how));
    RF_TRY(write_user(buffer, image_of(*segment)));
    return status_result(*segment, how);
}

Value write_limits(Pointer buffer) {
    RF_TRY(write_user(buffer, SegmentLimitsImage{}));
    return u64{shared_segments().highest_index()};
}

Value write_usage(Pointer buffer) {
    SegmentUsageImage usage{};
    usage.segments = static_cast<u32>(shared_segments().count());
    usage.pages = shared_segment_pages();
    shared_segments().for_each([&usage](const SharedSegment& segment) {
        usage.present_pages += segment.storage() / frame_size;
    });
    RF_TRY(write_user(buffer, usage));
    return u64{shared_segments().highest_index()};
}

Value change_segment(i32 id, Pointer buffer) {
    RF_TRY_ASSIGN(wanted, read_user<SegmentImage>(buffer));
    RF_TRY_ASSIGN(segment, controlled_object(shared_segments(), id));
    RF_TRY(segment->change(wanted.permissions));
    return u64{0};
}

Value remove_segment(i32 id) {
    RF_TRY_ASSIGN(segment, controlled_object(shared_segments(), id));
    segment->remove();
    return u64{0};
}

/// No page is ever taken away: only the mark is left to do.
Value lock_segment(i32 id, bool wanted) {
    RF_TRY_ASSIGN(segment, controlled_object(shared_segments(), id));
    if (wanted) {
        segment->lock();
    } else {
        segment->unlock();
    }
    return u64{0};
}

}  // namespace

Value shmget(i32 key, u64 size, u32 flags) {
    const auto fits = [size](const SharedSegment& segment) {
        return size <= segment.size() ? Nothing{} : Error{Errno::Einval};
    };
    return find_or_make(shared_segments(), key, flags, fits,
                        [&] { return make_segment(key, size, flags); });
}

Value shmat(i32 id, Pointer address, u32 flags) {
    if (id < 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(wanted, decode_attachment(address, flags));
    RF_TRY_ASSIGN(segment, shared_segments().find(id));
    Process& process = current_process();
    RF_TRY(segment->check_access(process.credentials, wanted.access()));
    const u64 size = align_up(segment->size(), page_size);
    RF_TRY_ASSIGN(placement, placement_of(wanted, size));
    if (size > arch::user_end.value()) {
        return Error{Errno::Enomem};
    }
    Region region{.start = wanted.address,
                  .end = wanted.address + size,
                  .protection = wanted.protection,
                  .shared = true,
                  .may_write = wanted.protection.write,
                  .kind = RegionKind::SharedSegment,
                  .file = Ref<Inode>(segment),
                  .path = String(segment->name().view())};
    RF_TRY_ASSIGN(start, process.memory->map(std::move(region), placement,
                                             process.limit(Resource::AddressSpace)));
    return start.value();
}

Nothing shmdt(Pointer address) {
    if (!address.is_aligned(page_size)) {
        return Error{Errno::Einval};
    }
    MemorySpace& memory = *current_process().memory;
    const Region* piece = first_piece(memory, address);
    if (piece == nullptr) {
        return Error{Errno::Einval};
    }
    // It may be in several pieces by now, or others may lie between them. The segment has to live
    // until the last one is gone.
    const Ref<Inode> segment = piece->file;
    const Pointer end = address + align_up(segment->size(), page_size);
    do {
        RF_TRY(memory.unmap(piece->start, piece->size()));
        piece = first_piece(memory, address);
    } while (piece != nullptr && piece->file == segment && piece->end <= end);
    return {};
}

Value shmctl(i32 id, i32 command, Pointer buffer) {
    if (id < 0 || command < 0) {
        return Error{Errno::Einval};
    }
    switch (command) {
        case ipc_commands::information:
            return write_limits(buffer);
        case segment_commands::usage:
            return write_usage(buffer);
        case ipc_commands::status:
            return write_status(id, buffer, IpcLookup::Number);
        case segment_commands::status_of_place:
            return write_status(id, buffer, IpcLookup::Place);
        case segment_commands::status_of_any_place:
            return write_status(id, buffer, IpcLookup::AnyPlace);
        case ipc_commands::set:
            return change_segment(id, buffer);
        case ipc_commands::remove:
            return remove_segment(id);
        case segment_commands::lock:
            return lock_segment(id, true);
        case segment_commands::unlock:
            return lock_segment(id, false);
        default:
            return Error{Errno::Einval};
    }
}

}  // namespace ringfence::kernel::syscalls
