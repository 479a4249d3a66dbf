// SPDX-License-Identifier: MIT
// A segment of System V shared memory: pages that programs attach to their address spaces.
// [linux/abi]: shmget(2), shmctl(2)
#pragma once

#include "kernel/core/fs/inode.h"
#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/ipc/ipc_registry.h"

namespace ringfence::kernel {

/// [linux/abi]: include/uapi/linux/shm.h
namespace segment_limits {
inline constexpr u64 least_size = 1;
inline constexpr u64 largest_size = ~u64{0} - (u64{1} << 24U);
inline constexpr u64 most_pages = largest_size;  ///< of all segments
inline constexpr usize most_segments = 4096;
}  // namespace segment_limits

/// As a file it has no name; regions that map it keep it alive. It keeps itself until it is
/// removed.
class SharedSegment final : public Inode, public IpcObject, public Counted<SharedSegment> {
public:
    /// What shmctl calls SHM_DEST and SHM_LOCKED in the mode.
    static constexpr u32 removed_bit = 01000;
    static constexpr u32 locked_bit = 02000;

    /// `size` bytes of zeroes, at least one and no more than a file can have. Enospc if there are
    /// too many segments or pages of them; Enomem.
    static Fallible<SharedSegment*> create(i32 key, u32 flags, u64 size, const Credentials& creator,
                                           u32 process);
    ~SharedSegment() override;

    [[nodiscard]] u64 size() const override { return contents_->size(); }
    [[nodiscard]] u64 storage() const override { return contents_->storage(); }
    PageSource* pages() override { return contents_->pages(); }
    void region_added() override;
    void region_removed() override;

    /// Removed now, or when nothing has it attached any more.
    void remove();
    [[nodiscard]] bool removed() const { return !itself_; }
    void lock() { set_mode_bits(locked_bit); }
    void unlock() { clear_mode_bits(locked_bit); }
    /// IPC_SET.
    Fallible<void> change(const IpcPermissionImage& wanted);

    /// Regions that map it, in all address spaces.
    [[nodiscard]] u64 attached() const { return references() - (removed() ? 0 : 1); }
    /// Pages that it is counted for.
    [[nodiscard]] u64 page_count() const;
    // Seconds since 1970; 0: never.
    [[nodiscard]] i64 attach_time() const { return attach_time_; }
    [[nodiscard]] i64 detach_time() const { return detach_time_; }
    [[nodiscard]] i64 change_time() const { return change_time_; }
    [[nodiscard]] u32 creator() const { return creator_; }
    /// The process that attached or detached it last; 0: none yet.
    [[nodiscard]] u32 last_process() const { return last_process_; }
    /// What /proc/PID/maps calls it.
    [[nodiscard]] const String& name() const { return name_; }

private:
    SharedSegment(i32 key, u32 flags, Ref<TmpfsFile> contents, const Credentials& creator,
                  u32 process);

    Ref<TmpfsFile> contents_;
    Ref<SharedSegment> itself_;  ///< until it is removed
    String name_;
    i64 attach_time_ = 0;
    i64 detach_time_ = 0;
    i64 change_time_;
    u32 creator_;
    u32 last_process_ = 0;
};

IpcRegistryOf<SharedSegment>& shared_segments();
/// Pages of all segments, present or not.
[[nodiscard]] u64 shared_segment_pages();

}  // namespace ringfence::kernel
