// SPDX-License-Identifier: MIT
// Opening files by name.
#include "kernel/core/fs/directory_file.h"
#include "kernel/core/fs/file_events.h"
#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

Access access_of(const OpenFlags& flags) {
    Access wanted = Access::None;
    if (flags.readable()) {
        wanted = wanted | Access::Read;
    }
    if (flags.writable() || flags.truncate()) {
        wanted = wanted | Access::Write;
    }
    return wanted;
}

Fallible<void> check_existing(const Place& place, const OpenFlags& flags) {
    const Inode& inode = *place.inode;
    if (flags.create() && flags.exclusive()) {
        return Error{Errno::Eexist};
    }
    if (inode.type() == FileType::SymbolicLink && !flags.path_only()) {
        return Error{Errno::Eloop};  // O_NOFOLLOW
    }
    if (flags.directory() && !inode.is_directory()) {
        return Error{Errno::Enotdir};
    }
    if (inode.is_directory() && (flags.writable() || flags.create())) {
        return Error{Errno::Eisdir};
    }
    if (inode.type() == FileType::Socket && !flags.path_only()) {
        return Error{Errno::Enxio};
    }
    return check_access(inode, access_of(flags));
}

Fallible<Ref<Inode>> create_file(const Place& place, u32 mode) {
    if (place.must_be_directory) {
        return Error{Errno::Eisdir};
    }
    RF_TRY(check_access(*place.directory, Access::Write | Access::Execute));
    const Process& process = current_process();
    const u32 permissions = mode_bits::Permissions::get(mode) & ~process.place->file_mode_mask;
    return place.directory->create(place.name, {.permissions = permissions,
                                                .owner = process.credentials.user.effective,
                                                .group = process.credentials.group.effective});
}

/// Opens what a name means. Etxtbsy for writing to a program that runs.
Fallible<Ref<OpenFile>> open_inode(Inode& inode, const OpenFlags& flags) {
    RF_TRY_ASSIGN(file, inode.open(flags));
    if (flags.writable() && inode.type() == FileType::Regular) {
        RF_TRY(file->keep_from_running());
    }
    return file;
}

Value finish_open(Ref<OpenFile> file, const Place& place, const OpenFlags& flags) {
    file->set_path(file_path(place, *current_process().place->root));
    if (!flags.path_only()) {
        file_event(*place.inode, file_events::Opened::mask);
    }
    return new_descriptor(std::move(file), flags.close_on_exec());
}

Value open_unnamed(const Place& place, const OpenFlags& flags) {
    if (!place.inode || !place.inode->is_directory() || !flags.writable()) {
        return Error{!place.inode ? Errno::Enoent : Errno::Einval};
    }
    const Ref<TmpfsFile> inode = make_unnamed_file(0);
    RF_TRY_ASSIGN(file, open_inode(*inode, flags));
    return new_descriptor(file, flags.close_on_exec());
}

Value open_place(Place& place, const OpenFlags& flags, u32 mode) {
    if (flags.temporary_file()) {
        return open_unnamed(place, flags);
    }
    const bool existed = static_cast<bool>(place.inode);
    if (existed) {
        RF_TRY(check_existing(place, flags));
    } else if (!flags.create()) {
        return Error{Errno::Enoent};
    } else {
        RF_TRY_ASSIGN(made, create_file(place, mode));
        place.inode = made;
    }
    Inode& inode = *place.inode;
    if (flags.path_only()) {
        return finish_open(Ref<OpenFile>(new DirectoryFile(place.inode, flags)), place, flags);
    }
    constexpr u32 creation_bits = open_bits::Create::mask | open_bits::Exclusive::mask |
                                  open_bits::Truncate::mask | open_bits::CloseOnExec::mask;
    RF_TRY_ASSIGN(file, open_inode(inode, OpenFlags{(flags.word & ~creation_bits) |
                                                    open_bits::LargeFile::mask}));
    if (existed && flags.truncate() && inode.type() == FileType::Regular) {
        RF_TRY(inode.uses().check_not_run());  // it may be open for reading only
        RF_TRY(resize_mapped(inode, 0));
    }
    return finish_open(file, place, flags);
}

Value open_in(i32 directory, Pointer path, OpenFlags flags, u32 mode) {
    const bool keep_link =
        flags.no_follow() || (flags.create() && flags.exclusive() && !flags.path_only());
    RF_TRY_ASSIGN(place,
                  place_at(directory, path, keep_link ? FinalLink::Keep : FinalLink::Follow));
    RF_TRY(admit_allocation());
    return open_place(place, flags, mode);
}

}  // namespace

Value openat(i32 directory, Pointer path, u32 flags, u32 mode) {
    constexpr u32 both = 3;
    if (open_bits::AccessMode::get(flags) == both) {
        return Error{Errno::Einval};
    }
    return open_in(directory, path, OpenFlags{flags}, mode);
}

Value open(Pointer path, u32 flags, u32 mode) {
    return openat(at_working_directory, path, flags, mode);
}

Value creat(Pointer path, u32 mode) {
    using namespace open_bits;
    return open(path, Create::mask | Truncate::mask | OpenFlags::write_only, mode);
}

Value openat2(i32 directory, Pointer path, Pointer how, u64 size) {
    struct OpenHow {
        u64 flags;
        u64 mode;
        u64 resolve;
    };
    if (size < sizeof(OpenHow)) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(wanted, read_user<OpenHow>(how));
    if (wanted.resolve != 0) {
        return Error{Errno::Einval};  // no restricted resolution here
    }
    return openat(directory, path, static_cast<u32>(wanted.flags), static_cast<u32>(wanted.mode));
}

}  // namespace ringfence::kernel::syscalls
