// SPDX-License-Identifier: MIT
// inotify. [linux/abi]: inotify(7)
#include "kernel/core/fs/file_events.h"
#include "kernel/core/fs/inotify_file.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

using namespace inotify_bits;

constexpr u32 known_bits = file_events::all | OnlyDirectory::mask | DoNotFollow::mask |
                           ExcludeUnlinked::mask | MaskCreate::mask | MaskAdd::mask |
                           file_events::IsDirectory::mask | OneShot::mask;

Fallible<Ref<InotifyFile>> inotify_file(i32 descriptor) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    InotifyFile* inotify = file_cast<InotifyFile>(*file);
    if (inotify == nullptr) {
        return Error{Errno::Einval};
    }
    return Ref<InotifyFile>(inotify);
}

}  // namespace

Value inotify_init1(u32 flags) {
    constexpr u32 allowed = open_bits::CloseOnExec::mask | open_bits::NonBlocking::mask;
    if ((flags & ~allowed) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(file, make_inotify_file(OpenFlags{flags & open_bits::NonBlocking::mask}));
    return new_descriptor(file, OpenFlags{flags}.close_on_exec());
}

Value inotify_init() {
    return inotify_init1(0);
}

Value inotify_add_watch(i32 descriptor, Pointer path, u32 mask) {
    if ((mask & known_bits) == 0 || (mask & ~known_bits) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY(file_of(descriptor));
    if (MaskAdd::test(mask) && MaskCreate::test(mask)) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(inotify, inotify_file(descriptor));
    RF_TRY_ASSIGN(inode, file_at(at_working_directory, path,
                                 DoNotFollow::test(mask) ? at_bits::NoFollow::mask : 0));
    if (OnlyDirectory::test(mask) && !inode->is_directory()) {
        return Error{Errno::Enotdir};
    }
    RF_TRY(check_access(*inode, Access::Read));
    return inotify->watch(*inode, mask);
}

Nothing inotify_rm_watch(i32 descriptor, i32 watch) {
    RF_TRY_ASSIGN(inotify, inotify_file(descriptor));
    return inotify->forget(watch);
}

}  // namespace ringfence::kernel::syscalls
