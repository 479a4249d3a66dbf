// SPDX-License-Identifier: MIT
// Making, removing and renaming files; the working directory.
#include <algorithm>

#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

/// Owner, group and masked permissions of a file that the process makes.
NewInode new_inode(FileType type, u32 mode) {
    const Process& process = current_process();
    return {.type = type,
            .permissions = mode_bits::Permissions::get(mode) & ~process.place->file_mode_mask,
            .owner = process.credentials.user.effective,
            .group = process.credentials.group.effective};
}

/// A place where something new may be made.
Fallible<Place> free_place(i32 directory, Pointer path) {
    RF_TRY_ASSIGN(place, place_at(directory, path));
    if (place.inode) {
        return Error{Errno::Eexist};
    }
    RF_TRY(check_access(*place.directory, Access::Write | Access::Execute));
    return place;
}

/// A place whose file may be taken away. [linux/abi]: unlink(2), the sticky bit
Fallible<Place> removable_place(i32 directory, Pointer path) {
    RF_TRY_ASSIGN(place, place_at(directory, path));
    RF_TRY(check_access(*place.directory, Access::Write | Access::Execute));
    const Metadata& parent = place.directory->metadata();
    const Credentials& who = current_process().credentials;
    if (place.inode && mode_bits::Sticky::test(parent.permissions) &&
        !who.may(Capability::Fowner) && parent.owner != who.user.effective &&
        place.inode->metadata().owner != who.user.effective) {
        return Error{Errno::Eperm};
    }
    return place;
}

FileType type_of_mode(u32 mode) {
    const u32 field = mode_bits::FileTypeField::get(mode);
    return field == 0 ? FileType::Regular : static_cast<FileType>(field);
}

bool can_be_made(FileType type) {
    return type == FileType::Regular || type == FileType::Fifo || type == FileType::Socket ||
           type == FileType::CharacterDevice || type == FileType::BlockDevice;
}

}  // namespace

Nothing mkdirat(i32 directory, Pointer path, u32 mode) {
    RF_TRY_ASSIGN(place, free_place(directory, path));
    RF_TRY(place.directory->create(place.name, new_inode(FileType::Directory, mode)));
    return {};
}

Nothing mkdir(Pointer path, u32 mode) {
    return mkdirat(at_working_directory, path, mode);
}

Nothing mknodat(i32 directory, Pointer path, u32 mode, u64 device) {
    const FileType type = type_of_mode(mode);
    if (!can_be_made(type)) {
        return Error{type == FileType::Directory ? Errno::Eperm : Errno::Einval};
    }
    const bool is_device = type == FileType::CharacterDevice || type == FileType::BlockDevice;
    if (is_device && !current_process().credentials.may(Capability::Mknod)) {
        return Error{Errno::Eperm};
    }
    RF_TRY_ASSIGN(place, free_place(directory, path));
    NewInode wanted = new_inode(type, mode);
    wanted.device = is_device ? DeviceNumber::decode(device) : DeviceNumber{};
    RF_TRY(place.directory->create(place.name, wanted));
    return {};
}

Nothing mknod(Pointer path, u32 mode, u64 device) {
    return mknodat(at_working_directory, path, mode, device);
}

Nothing unlinkat(i32 directory, Pointer path, u32 flags) {
    if ((flags & ~at_bits::RemoveDirectory::mask) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(place, removable_place(directory, path));
    if (at_bits::RemoveDirectory::test(flags)) {
        if (place.inode && place.inode == current_process().place->root) {
            return Error{Errno::Ebusy};
        }
        return place.directory->remove_directory(place.name);
    }
    if (place.must_be_directory && place.inode && !place.inode->is_directory()) {
        return Error{Errno::Enotdir};
    }
    return place.directory->unlink(place.name);
}

Nothing unlink(Pointer path) {
    return unlinkat(at_working_directory, path, 0);
}

Nothing rmdir(Pointer path) {
    return unlinkat(at_working_directory, path, at_bits::RemoveDirectory::mask);
}

Nothing linkat(i32 old_directory, Pointer existing, i32 directory, Pointer path, u32 flags) {
    const u32 find_flags = (flags & at_bits::EmptyPath::mask) |
                           (at_bits::Follow::test(flags) ? 0 : at_bits::NoFollow::mask);
    RF_TRY_ASSIGN(inode, file_at(old_directory, existing, find_flags));
    RF_TRY_ASSIGN(place, free_place(directory, path));
    if (place.must_be_directory) {
        return Error{Errno::Enoent};
    }
    return place.directory->link(place.name, *inode);
}

Nothing link(Pointer existing, Pointer path) {
    return linkat(at_working_directory, existing, at_working_directory, path, 0);
}

Nothing symlinkat(Pointer target, i32 directory, Pointer path) {
    RF_TRY_ASSIGN(text, read_user_path(target));
    if (text.empty()) {
        return Error{Errno::Enoent};
    }
    RF_TRY_ASSIGN(place, free_place(directory, path));
    constexpr u32 all_permissions = 0777;
    NewInode wanted = new_inode(FileType::SymbolicLink, all_permissions);
    wanted.permissions = all_permissions;
    wanted.target = text;
    RF_TRY(place.directory->create(place.name, wanted));
    return {};
}

Nothing symlink(Pointer target, Pointer path) {
    return symlinkat(target, at_working_directory, path);
}

Nothing renameat2(i32 old_directory, Pointer old_path, i32 new_directory, Pointer new_path,
                  u32 flags) {
    constexpr u32 no_replace = 1;
    constexpr u32 exchange = 2;
    if (flags != 0 && flags != no_replace && flags != exchange) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(from, removable_place(old_directory, old_path));
    RF_TRY_ASSIGN(to, removable_place(new_directory, new_path));
    if (!from.inode) {
        return Error{Errno::Enoent};
    }
    if (!from.inode->is_directory() && (from.must_be_directory || to.must_be_directory)) {
        return Error{Errno::Enotdir};
    }
    const RenameMode mode = flags == no_replace ? RenameMode::NoReplace
                            : flags == exchange ? RenameMode::Exchange
                                                : RenameMode::Replace;
    return from.directory->rename(from.name, *to.directory, to.name, mode);
}

Nothing renameat(i32 old_directory, Pointer old_path, i32 new_directory, Pointer new_path) {
    return renameat2(old_directory, old_path, new_directory, new_path, 0);
}

Nothing rename(Pointer old_path, Pointer new_path) {
    return renameat2(at_working_directory, old_path, at_working_directory, new_path, 0);
}

Value readlinkat(i32 directory, Pointer path, Pointer buffer, i32 size) {
    if (size <= 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(inode,
                  file_at(directory, path, at_bits::NoFollow::mask | at_bits::EmptyPath::mask));
    RF_TRY_ASSIGN(target, inode->target());
    const std::string_view text = take(target, static_cast<usize>(size));
    RF_TRY(write_user_bytes(buffer, as_bytes(text)));
    return u64{text.size()};
}

Value readlink(Pointer path, Pointer buffer, i32 size) {
    return readlinkat(at_working_directory, path, buffer, size);
}

namespace {

Fallible<void> check_enterable(const Inode& inode) {
    if (!inode.is_directory()) {
        return Error{Errno::Enotdir};
    }
    return check_access(inode, Access::Execute);
}

}  // namespace

Nothing chdir(Pointer path) {
    RF_TRY_ASSIGN(inode, file_at(at_working_directory, path));
    RF_TRY(check_enterable(*inode));
    current_process().place->directory = inode;
    return {};
}

Nothing fchdir(i32 descriptor) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    RF_TRY(check_enterable(file->inode()));
    current_process().place->directory = Ref<Inode>(&file->inode());
    return {};
}

Nothing chroot(Pointer path) {
    RF_TRY_ASSIGN(inode, file_at(at_working_directory, path));
    RF_TRY(check_enterable(*inode));
    if (!current_process().credentials.may(Capability::SysChroot)) {
        return Error{Errno::Eperm};
    }
    current_process().place->root = inode;
    return {};
}

Value getcwd(Pointer buffer, u64 size) {
    const WorkingPlace& place = *current_process().place;
    RF_TRY_ASSIGN(path, directory_path(*place.directory, *place.root));
    const u64 needed = path.size() + 1;
    if (size < needed) {
        return Error{Errno::Erange};
    }
    RF_TRY(write_user_bytes(buffer, {reinterpret_cast<const u8*>(path.c_str()), needed}));
    return needed;
}

Value umask(u32 mask) {
    return u64{std::exchange(current_process().place->file_mode_mask,
                             mode_bits::ReadWriteExecute::get(mask))};
}

}  // namespace ringfence::kernel::syscalls
