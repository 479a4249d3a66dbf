// SPDX-License-Identifier: MIT
// Reading, writing and positioning open files.
#include <algorithm>
#include <cstring>

#include "kernel/core/fs/file_events.h"
#include "kernel/core/fs/file_seals.h"
#include "kernel/core/socket/socket_file.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

/// A file that can be read or written at a given offset.
Fallible<void> check_positioned(const OpenFile& file, i64 offset) {
    if (offset < 0) {
        return Error{Errno::Einval};
    }
    if (!file.seekable()) {
        return Error{Errno::Espipe};
    }
    return {};
}

/// `struct linux_dirent64` without the name that follows it.
struct EntryHeader {
    u64 number;
    u64 next_offset;
    u16 size;
    u8 type;
} __attribute__((packed));

/// Packs entries into a program's buffer.
class UserDirectorySink final : public DirectorySink {
public:
    UserDirectorySink(Pointer buffer, u64 size) : buffer_(buffer), size_(size) {}

    bool add(const DirectoryEntry& entry, u64 next_offset) override {
        constexpr u64 alignment = 8;
        const u64 size = align_up(sizeof(EntryHeader) + entry.name.size() + 1, alignment);
        if (used_ + size > size_) {
            full_ = true;
            return false;
        }
        u8 bytes[sizeof(EntryHeader) + longest_name + alignment] = {};
        const EntryHeader header{entry.number, next_offset, static_cast<u16>(size),
                                 static_cast<u8>(entry.type)};
        std::memcpy(bytes, &header, sizeof(header));
        std::memcpy(bytes + sizeof(header), entry.name.data(), entry.name.size());
        if (!write_user_bytes(buffer_ + used_, {bytes, size})) {
            bad_buffer_ = true;
            return false;
        }
        used_ += size;
        return true;
    }
    Value result() const {
        if (used_ == 0 && bad_buffer_) {
            return Error{Errno::Efault};
        }
        if (used_ == 0 && full_) {
            return Error{Errno::Einval};
        }
        return used_;
    }

private:
    static constexpr usize longest_name = 256;
    Pointer buffer_;
    u64 size_;
    u64 used_ = 0;
    bool full_ = false;
    bool bad_buffer_ = false;
};

Nothing resize_file(Inode& inode, i64 size) {
    if (size < 0) {
        return Error{Errno::Einval};
    }
    if (inode.is_directory()) {
        return Error{Errno::Eisdir};
    }
    return resize_mapped(inode, static_cast<u64>(size));
}

}  // namespace

Value read(i32 descriptor, Pointer buffer, u64 size) {
    RF_TRY_ASSIGN(file, readable_file(descriptor));
    return read_at_position(*file, {buffer, std::min(size, most_transfer)});
}

Value write(i32 descriptor, Pointer buffer, u64 size) {
    RF_TRY_ASSIGN(file, writable_file(descriptor));
    return write_at_position(*file, {buffer, std::min(size, most_transfer)});
}

Value pread64(i32 descriptor, Pointer buffer, u64 size, i64 offset) {
    RF_TRY_ASSIGN(file, readable_file(descriptor));
    RF_TRY(check_positioned(*file, offset));
    return read_at(*file, {buffer, std::min(size, most_transfer)}, static_cast<u64>(offset));
}

Value pwrite64(i32 descriptor, Pointer buffer, u64 size, i64 offset) {
    RF_TRY_ASSIGN(file, writable_file(descriptor));
    RF_TRY(check_positioned(*file, offset));
    const u64 at = file->flags().append() ? file->inode().size() : static_cast<u64>(offset);
    return write_at(*file, {buffer, std::min(size, most_transfer)}, at);
}

Value lseek(i32 descriptor, i64 offset, u32 whence) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (whence > static_cast<u32>(SeekFrom::Hole)) {
        return Error{Errno::Einval};
    }
    return file->seek(offset, static_cast<SeekFrom>(whence));
}

Nothing fsync(i32 descriptor) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (file->inode().type() == FileType::Fifo || socket_behind(*file) != nullptr) {
        return Error{Errno::Einval};
    }
    return {};  // memory has nothing to write back to
}

Nothing fdatasync(i32 descriptor) {
    return fsync(descriptor);
}

Nothing syncfs(i32 descriptor) {
    RF_TRY(file_of(descriptor));
    return {};
}

Nothing sync() {
    return {};
}

Nothing sync_file_range(i32 descriptor, i64 offset, i64 size, u32 flags) {
    constexpr u32 known = 7;  // SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER
    i64 end = 0;
    if ((flags & ~known) != 0 || offset < 0 || size < 0 ||
        __builtin_add_overflow(offset, size, &end)) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(file, file_of(descriptor));
    const FileType type = file->inode().type();
    if (type != FileType::Regular && type != FileType::Directory) {
        return Error{Errno::Espipe};
    }
    return {};
}

Nothing fadvise64(i32 descriptor, i64, i64, i32 advice) {
    constexpr i32 last_advice = 5;
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (file->inode().type() == FileType::Fifo) {
        return Error{Errno::Espipe};
    }
    if (advice < 0 || advice > last_advice) {
        return Error{Errno::Einval};
    }
    return {};
}

Nothing readahead(i32 descriptor, i64, u64) {
    RF_TRY(readable_file(descriptor));
    return {};
}

Nothing truncate(Pointer path, i64 size) {
    if (size < 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(inode, file_at(at_working_directory, path));
    RF_TRY(check_access(*inode, Access::Write));
    RF_TRY(inode->uses().check_not_run());
    return resize_file(*inode, size);
}

Nothing ftruncate(i32 descriptor, i64 size) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (!file->flags().writable()) {
        return Error{Errno::Einval};
    }
    return resize_file(file->inode(), size);
}

Nothing fallocate(i32 descriptor, u32 mode, i64 offset, i64 size) {
    constexpr u32 keep_size = 1;
    RF_TRY_ASSIGN(file, writable_file(descriptor));
    i64 end = 0;
    if (offset < 0 || size <= 0 || __builtin_add_overflow(offset, size, &end)) {
        return Error{Errno::Einval};
    }
    if (file->inode().type() != FileType::Regular) {
        return Error{file->inode().type() == FileType::Fifo ? Errno::Espipe : Errno::Enodev};
    }
    if ((mode & ~keep_size) != 0) {
        return Error{Errno::Eopnotsupp};
    }
    if (const FileSeals* const seals = file->inode().seals()) {
        // Growing beyond the end is growing, whether or not the size is to show it.
        RF_TRY(seals->check_size(file->inode().size(),
                                 std::max(static_cast<u64>(end), file->inode().size())));
    }
    if (mode != keep_size && static_cast<u64>(end) > file->inode().size()) {
        return resize_file(file->inode(), end);
    }
    file_event(file->inode(), file_events::Modified::mask);
    return {};
}

Value getdents64(i32 descriptor, Pointer buffer, u32 size) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    UserDirectorySink sink(buffer, size);
    RF_TRY_ASSIGN(next, file->inode().list(file->position, sink));
    RF_TRY_ASSIGN(used, sink.result());
    file->position = next;
    file_event(file->inode(), file_events::Accessed::mask);
    return used;
}

}  // namespace ringfence::kernel::syscalls
