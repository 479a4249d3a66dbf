// SPDX-License-Identifier: MIT
#include "kernel/core/fs/inode.h"

#include "kernel/core/fs/file_events.h"
#include "kernel/core/fs/file_locks.h"
#include "kernel/core/fs/open_file.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

u64 new_inode_number() {
    static u64 last = 1;
    return ++last;
}

namespace {
/// What a directory operation answers when the directory's contents are fixed.
Errno cannot_change(const Inode& inode) {
    return inode.is_directory() ? Errno::Eperm : Errno::Enotdir;
}
}  // namespace

Inode::Inode(const Metadata& initial) : metadata_(initial) {}

Inode::~Inode() = default;

void Inode::dispose() const {
    file_gone(*this);
    RefCounted::dispose();
}

Fallible<FileLocks*> Inode::make_locks() {
    if (!locks_) {
        if (!admit_allocation()) {
            return Error{Errno::Enolck};
        }
        locks_.reset(new FileLocks(metadata_));
    }
    return locks_.get();
}

void Inode::drop_locks(const void* owner) {
    if (locks_) {
        locks_->drop(owner);
        if (locks_->unused()) {
            locks_.reset();
        }
    }
}

Fallible<Ref<Inode>> Inode::lookup(std::string_view) {
    return Error{is_directory() ? Errno::Enoent : Errno::Enotdir};
}
Fallible<Ref<Inode>> Inode::create(std::string_view, const NewInode&) {
    return Error{cannot_change(*this)};
}
Fallible<void> Inode::link(std::string_view, Inode&) {
    return Error{cannot_change(*this)};
}
Fallible<void> Inode::unlink(std::string_view) {
    return Error{cannot_change(*this)};
}
Fallible<void> Inode::remove_directory(std::string_view) {
    return Error{cannot_change(*this)};
}
Fallible<void> Inode::rename(std::string_view, Inode&, std::string_view, RenameMode) {
    return Error{cannot_change(*this)};
}
Fallible<String> Inode::name_of(const Inode&) {
    return Error{Errno::Enoent};
}
Fallible<u64> Inode::list(u64, DirectorySink&) {
    return Error{Errno::Enotdir};
}
Fallible<void> Inode::resize(u64) {
    return Error{Errno::Einval};
}
Fallible<Ref<OpenFile>> Inode::open(const OpenFlags&) {
    return Error{Errno::Enxio};
}

}  // namespace ringfence::kernel
