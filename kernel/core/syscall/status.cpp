// SPDX-License-Identifier: MIT
// What files are: stat, statx, statfs.
#include <algorithm>

#include "kernel/core/fs/procfs.h"
#include "kernel/core/fs/sysfs.h"
#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/memory/frame_allocator.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/terminal/devpts.h"
#include "kernel_arch/user_abi.h"

namespace ringfence::kernel::syscalls {

namespace {

constexpr u64 storage_unit = 512;  // of st_blocks

arch::FileStatus status_of(const Inode& inode) {
    const Metadata& data = inode.metadata();
    arch::FileStatus status{};
    status.device = data.file_system.encoded();
    status.number = data.number;
    status.links = data.links;
    status.mode = data.mode();
    status.owner = data.owner;
    status.group = data.group;
    status.special_device = data.device.encoded();
    status.size = static_cast<i64>(inode.size());
    status.block_size = page_size;
    status.blocks = static_cast<i64>(inode.storage() / storage_unit);
    status.accessed_seconds = data.accessed.seconds;
    status.accessed_nanoseconds = static_cast<u64>(data.accessed.nanoseconds);
    status.modified_seconds = data.modified.seconds;
    status.modified_nanoseconds = static_cast<u64>(data.modified.nanoseconds);
    status.changed_seconds = data.changed.seconds;
    status.changed_nanoseconds = static_cast<u64>(data.changed.nanoseconds);
    return status;
}

/// `struct statx_timestamp`.
struct ExtendedTime {
    i64 seconds;
    u32 nanoseconds;
    i32 padding;
};

/// `struct statx`.
struct ExtendedStatus {
    u32 mask;
    u32 block_size;
    u64 attributes;
    u32 links;
    u32 owner;
    u32 group;
    u16 mode;
    u16 padding;
    u64 number;
    u64 size;
    u64 blocks;
    u64 attributes_mask;
    ExtendedTime accessed;
    ExtendedTime born;
    ExtendedTime changed;
    ExtendedTime modified;
    u32 special_major;
    u32 special_minor;
    u32 device_major;
    u32 device_minor;
    u64 mount;
    u32 memory_alignment;
    u32 offset_alignment;
    u64 unused[12];
};
static_assert(sizeof(ExtendedStatus) == 256);

using BasicStatistics = Bitfield<0, 11, u32>;  // STATX_BASIC_STATS

ExtendedTime extended(const TimeSpec& time) {
    return {time.seconds, static_cast<u32>(time.nanoseconds), 0};
}

ExtendedStatus extended_status_of(const Inode& inode) {
    const Metadata& data = inode.metadata();
    ExtendedStatus status{};
    status.mask = BasicStatistics::mask;
    status.block_size = page_size;
    status.links = static_cast<u32>(data.links);
    status.owner = data.owner;
    status.group = data.group;
    status.mode = static_cast<u16>(data.mode());
    status.number = data.number;
    status.size = inode.size();
    status.blocks = inode.storage() / storage_unit;
    status.accessed = extended(data.accessed);
    status.changed = extended(data.changed);
    status.modified = extended(data.modified);
    status.special_major = data.device.major;
    status.special_minor = data.device.minor;
    status.device_major = data.file_system.major;
    status.device_minor = data.file_system.minor;
    return status;
}

/// `struct statfs` of 64-bit programs.
struct FileSystemStatus {
    i64 type;
    i64 block_size;
    u64 blocks;
    u64 free_blocks;
    u64 available_blocks;
    u64 files;
    u64 free_files;
    u64 identifier;
    i64 longest_name;
    i64 fragment_size;
    i64 flags;
    i64 spare[4];
};
static_assert(sizeof(FileSystemStatus) == 120);

FileSystemStatus file_system_status_of(const Inode& inode) {
    constexpr i64 tmpfs_magic = 16914836;
    constexpr i64 proc_magic = 40864;
    constexpr i64 longest_name = 255;
    constexpr i64 sysfs_magic = 1650812274;
    constexpr i64 devpts_magic = 7377;
    const bool is_proc = inode.metadata().file_system == proc_device;
    const bool is_sys = inode.metadata().file_system == sys_device;
    const bool is_devpts = inode.metadata().file_system == devpts_device;
    FileSystemStatus status{};
    status.type = is_proc     ? proc_magic
                  : is_sys    ? sysfs_magic
                  : is_devpts ? devpts_magic
                              : tmpfs_magic;
    status.block_size = status.fragment_size = page_size;
    status.longest_name = longest_name;
    if (!is_proc && !is_sys && !is_devpts) {
        status.blocks = frames().total_frames() / file_memory_divisor;
        status.free_blocks = status.available_blocks =
            status.blocks - std::min(status.blocks, file_pages);
        status.files = status.blocks;
        status.free_files = status.free_blocks;
    }
    return status;
}

}  // namespace

Nothing newfstatat(i32 directory, Pointer path, Pointer status, u32 flags) {
    using namespace at_bits;
    if ((flags & ~(NoFollow::mask | NoAutomount::mask | EmptyPath::mask)) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(inode, file_at(directory, path, flags));
    return write_user(status, status_of(*inode));
}

Nothing stat(Pointer path, Pointer status) {
    return newfstatat(at_working_directory, path, status, 0);
}

Nothing lstat(Pointer path, Pointer status) {
    return newfstatat(at_working_directory, path, status, at_bits::NoFollow::mask);
}

Nothing fstat(i32 descriptor, Pointer status) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    return write_user(status, status_of(file->inode()));
}

Nothing statx(i32 directory, Pointer path, u32 flags, u32 mask, Pointer status) {
    using Reserved = Flag<31, u32>;
    if (Reserved::test(mask)) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(inode, file_at(directory, path, flags));
    return write_user(status, extended_status_of(*inode));
}

Nothing statfs(Pointer path, Pointer status) {
    RF_TRY_ASSIGN(inode, file_at(at_working_directory, path));
    return write_user(status, file_system_status_of(*inode));
}

Nothing fstatfs(i32 descriptor, Pointer status) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    return write_user(status, file_system_status_of(file->inode()));
}

}  // namespace ringfence::kernel::syscalls
