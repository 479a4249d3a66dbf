// SPDX-License-Identifier: MIT
#include "kernel/core/ipc/shared_segment.h"

#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

u64 all_pages = 0;

u64 pages_of(u64 size) {
    return size / frame_size + (size % frame_size != 0 ? 1 : 0);
}

}  // namespace

IpcRegistryOf<SharedSegment>& shared_segments() {
    static IpcRegistryOf<SharedSegment> registry(segment_limits::most_segments);
    return registry;
}

u64 shared_segment_pages() {
    return all_pages;
}

SharedSegment::SharedSegment(i32 key, u32 flags, Ref<TmpfsFile> contents,
                             const Credentials& creator, u32 process)
    : Inode(contents->metadata()),
      IpcObject(key, flags, creator),
      contents_(std::move(contents)),
      change_time_(ipc_time_now()),
      creator_(process) {
    constexpr usize key_width = 8;
    name_.append("/SYSV").append_hex(static_cast<u32>(key), key_width).append(" (deleted)");
    all_pages += page_count();
    ++mapping_watchers;
}

SharedSegment::~SharedSegment() {
    shared_segments().remove(*this);
    all_pages -= page_count();
    --mapping_watchers;
}

Fallible<SharedSegment*> SharedSegment::create(i32 key, u32 flags, u64 size,
                                               const Credentials& creator, u32 process) {
    RF_ASSERT(size >= segment_limits::least_size && size <= TmpfsFile::largest_size);
    if (pages_of(size) > segment_limits::most_pages - all_pages) {
        return Error{Errno::Enospc};
    }
    RF_TRY(admit_allocation());
    Ref<SharedSegment> segment(
        new SharedSegment(key, flags, make_unnamed_file(size), creator, process));
    RF_TRY(shared_segments().add(*segment));
    segment->metadata().number = segment->id();
    segment->itself_ = segment;
    return segment.get();
}

u64 SharedSegment::page_count() const {
    return pages_of(size());
}

void SharedSegment::region_added() {
    attach_time_ = ipc_time_now();
    last_process_ = current_process().id();
}

void SharedSegment::region_removed() {
    detach_time_ = ipc_time_now();
    last_process_ = current_process().id();
}

void SharedSegment::remove() {
    set_mode_bits(removed_bit);
    forget_key();
    itself_ = nullptr;  // perhaps the last reference: nothing may follow
}

Fallible<void> SharedSegment::change(const IpcPermissionImage& wanted) {
    RF_TRY(change_owner(wanted));
    change_time_ = ipc_time_now();
    return {};
}

}  // namespace ringfence::kernel
