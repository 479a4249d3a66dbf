// SPDX-License-Identifier: MIT
#include <algorithm>

#include "kernel/core/fs/devices.h"
#include "kernel/core/fs/directory_file.h"
#include "kernel/core/fs/fifo.h"
#include "kernel/core/fs/file_events.h"
#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {
constexpr u64 bytes_per_entry = 20;  // what Linux's tmpfs reports
constexpr usize longest_name = 255;
constexpr usize longest_target = 4095;

bool is_dot(std::string_view name) {
    return name == "." || name == "..";
}
}  // namespace

Metadata new_metadata(const NewInode& wanted, DeviceNumber file_system) {
    const TimeSpec now = file_time_now();
    return {.number = new_inode_number(),
            .file_system = file_system,
            .type = wanted.type,
            .permissions = mode_bits::Permissions::get(wanted.permissions),
            .owner = wanted.owner,
            .group = wanted.group,
            .links = wanted.type == FileType::Directory ? u64{2} : u64{1},
            .device = wanted.device,
            .accessed = now,
            .modified = now,
            .changed = now};
}

Ref<Inode> make_tmpfs_inode(const NewInode& wanted, Ref<Inode> parent) {
    const Metadata metadata = new_metadata(wanted, tmpfs_device);
    switch (wanted.type) {
        case FileType::Regular:
            return make_ref<TmpfsFile>(metadata);
        case FileType::Directory:
            return make_ref<TmpfsDirectory>(metadata, std::move(parent));
        case FileType::SymbolicLink:
            return make_ref<TmpfsSymlink>(metadata, wanted.target);
        case FileType::Fifo:
            return make_ref<FifoInode>(metadata, FifoInode::Kind::Named);
        case FileType::CharacterDevice:
        case FileType::BlockDevice:
            return make_ref<DeviceInode>(metadata);
        case FileType::Socket:
        case FileType::Anonymous:
            break;
    }
    return make_ref<Inode>(metadata);
}

Ref<TmpfsDirectory> make_tmpfs_root(u32 permissions) {
    return make_ref<TmpfsDirectory>(
        new_metadata({.type = FileType::Directory, .permissions = permissions}, tmpfs_device),
        Ref<Inode>());
}

TmpfsDirectory::~TmpfsDirectory() {
    Ref<Inode> above = std::move(parent_);
    while (above && above->references() == 1) {
        TmpfsDirectory* const directory = cast(*above);
        above = directory != nullptr ? std::move(directory->parent_) : Ref<Inode>();
    }
}

TmpfsDirectory* TmpfsDirectory::cast(Inode& inode) {
    // Every directory with this device number is made above, so the type is known.
    return inode.is_directory() && inode.metadata().file_system == tmpfs_device
               ? static_cast<TmpfsDirectory*>(&inode)
               : nullptr;
}

u64 TmpfsDirectory::size() const {
    return (names_.size() + 2) * bytes_per_entry;
}

Ref<Inode> TmpfsDirectory::parent() {
    return parent_ ? parent_ : Ref<Inode>(this);
}

void TmpfsDirectory::touch() {
    metadata().modified = metadata().changed = file_time_now();
}

void TmpfsDirectory::add(std::string_view name, Ref<Inode> inode) {
    if (inode->is_directory()) {
        ++metadata().links;
    }
    names_.add(name, std::move(inode));
    touch();
}

Ref<Inode> TmpfsDirectory::take(std::string_view name) {
    Entry* entry = names_.find(name);
    RF_ASSERT(entry != nullptr);
    Ref<Inode> inode = names_.take(*entry);
    if (inode->is_directory()) {
        --metadata().links;
    }
    touch();
    return inode;
}

void TmpfsDirectory::drop(std::string_view name) {
    const Ref<Inode> inode = take(name);
    inode->metadata().links = inode->is_directory() ? 0 : inode->metadata().links - 1;
    inode->metadata().changed = file_time_now();
}

void TmpfsDirectory::remove(std::string_view name) {
    const Ref<Inode> inode = names_.find(name)->inode;
    drop(name);
    names_changed(*inode);
    name_event(*this, name, file_events::Deleted::mask | file_events::kind_bit(*inode));
}

void TmpfsDirectory::attach(std::string_view name, Ref<Inode> inode) {
    if (names_.find(name) != nullptr) {
        drop(name);
    }
    add(name, std::move(inode));
}

Fallible<Ref<Inode>> TmpfsDirectory::lookup(std::string_view name) {
    if (name.size() > longest_name) {
        return Error{Errno::Enametoolong};
    }
    const Entry* entry = names_.find(name);
    if (entry == nullptr) {
        return Error{Errno::Enoent};
    }
    return entry->inode;
}

Fallible<void> TmpfsDirectory::check_new_name(std::string_view name) {
    if (name.size() > longest_name) {
        return Error{Errno::Enametoolong};
    }
    if (is_dot(name) || names_.find(name) != nullptr) {
        return Error{Errno::Eexist};
    }
    if (metadata().links == 0) {
        return Error{Errno::Enoent};  // the directory itself is gone
    }
    return admit_allocation();
}

Fallible<Ref<Inode>> TmpfsDirectory::create(std::string_view name, const NewInode& wanted) {
    RF_TRY(check_new_name(name));
    if (wanted.target.size() > longest_target) {
        return Error{Errno::Enametoolong};
    }
    Ref<Inode> inode = make_tmpfs_inode(wanted, this);
    add(name, inode);
    name_event(*this, name, file_events::Created::mask | file_events::kind_bit(*inode));
    return inode;
}

Fallible<void> TmpfsDirectory::link(std::string_view name, Inode& existing) {
    if (existing.metadata().file_system != tmpfs_device) {
        return Error{Errno::Exdev};
    }
    if (existing.is_directory()) {
        return Error{Errno::Eperm};
    }
    RF_TRY(check_new_name(name));
    ++existing.metadata().links;
    existing.metadata().changed = file_time_now();
    names_changed(existing);
    add(name, &existing);
    name_event(*this, name, file_events::Created::mask);
    return {};
}

Fallible<void> TmpfsDirectory::unlink(std::string_view name) {
    const Entry* entry = names_.find(name);
    if (entry == nullptr) {
        return Error{is_dot(name) ? Errno::Eisdir : Errno::Enoent};
    }
    if (entry->inode->is_directory()) {
        return Error{Errno::Eisdir};
    }
    remove(name);
    return {};
}

Fallible<void> TmpfsDirectory::remove_directory(std::string_view name) {
    if (is_dot(name)) {
        return Error{name == "." ? Errno::Einval : Errno::Enotempty};
    }
    const Entry* entry = names_.find(name);
    if (entry == nullptr) {
        return Error{Errno::Enoent};
    }
    if (!entry->inode->is_directory()) {
        return Error{Errno::Enotdir};
    }
    const TmpfsDirectory* directory = cast(*entry->inode);
    if (directory == nullptr) {
        return Error{Errno::Ebusy};  // another file system hangs here
    }
    if (!directory->names_.empty()) {
        return Error{Errno::Enotempty};
    }
    remove(name);
    return {};
}

bool TmpfsDirectory::is_inside(const Inode& ancestor) {
    for (Ref<Inode> at(this);;) {
        if (at == &ancestor) {
            return true;
        }
        Ref<Inode> above = at->parent();
        if (above == at) {
            return false;
        }
        at = above;
    }
}

Fallible<void> TmpfsDirectory::check_replacement(Inode& moved, Inode& target) {
    if (!target.is_directory()) {
        return moved.is_directory() ? Fallible<void>(Error{Errno::Enotdir}) : Fallible<void>{};
    }
    if (!moved.is_directory()) {
        return Error{Errno::Eisdir};
    }
    const TmpfsDirectory* directory = cast(target);
    if (directory == nullptr) {
        return Error{Errno::Ebusy};
    }
    if (!directory->names_.empty()) {
        return Error{Errno::Enotempty};
    }
    return {};
}

void TmpfsDirectory::receive(TmpfsDirectory& from, Inode& moved) {
    if (TmpfsDirectory* directory = cast(moved); directory != nullptr) {
        directory->parent_ = this;
        ++metadata().links;
        --from.metadata().links;
    }
    touch();
}

void TmpfsDirectory::exchange(TmpfsDirectory& a, Entry& first, TmpfsDirectory& b, Entry& second) {
    std::swap(first.inode, second.inode);
    a.receive(b, *first.inode);
    b.receive(a, *second.inode);
}

Fallible<void> TmpfsDirectory::rename(std::string_view name, Inode& new_parent,
                                      std::string_view new_name, RenameMode mode) {
    if (is_dot(name) || is_dot(new_name)) {
        return Error{Errno::Ebusy};
    }
    TmpfsDirectory* to = cast(new_parent);
    if (to == nullptr) {
        return Error{Errno::Exdev};
    }
    Entry* source = names_.find(name);
    if (source == nullptr) {
        return Error{Errno::Enoent};
    }
    const Ref<Inode> moved = source->inode;
    if (moved->is_directory() && cast(*moved) == nullptr) {
        return Error{Errno::Ebusy};  // another file system hangs here
    }
    if (moved->is_directory() && to->is_inside(*moved)) {
        return Error{Errno::Einval};
    }
    Entry* target = to->names_.find(new_name);
    if (mode == RenameMode::Exchange) {
        if (target == nullptr) {
            return Error{Errno::Enoent};
        }
        if (target->inode->is_directory() && cast(*target->inode) == nullptr) {
            return Error{Errno::Ebusy};
        }
        if (is_inside(*target->inode)) {
            return Error{Errno::Einval};  // it would come to lie in itself
        }
        const Ref<Inode> other = target->inode;
        exchange(*this, *source, *to, *target);
        name_moved(*this, name, *to, new_name, *moved);
        name_moved(*to, new_name, *this, name, *other);
        return {};
    }
    Ref<Inode> replaced;
    if (target != nullptr) {
        if (mode == RenameMode::NoReplace) {
            return Error{Errno::Eexist};
        }
        if (target->inode == moved) {
            return {};  // two names of one file: nothing happens
        }
        RF_TRY(check_replacement(*moved, *target->inode));
        replaced = target->inode;
        to->drop(new_name);
    } else {
        RF_TRY(to->check_new_name(new_name));
    }
    to->add(new_name, take(name));
    moved->metadata().changed = file_time_now();
    if (TmpfsDirectory* directory = cast(*moved); directory != nullptr) {
        directory->parent_ = to;
    }
    name_moved(*this, name, *to, new_name, *moved);
    if (replaced) {
        names_changed(*replaced);
    }
    return {};
}

Fallible<String> TmpfsDirectory::name_of(const Inode& child) {
    for (const Entry& entry : names_.entries()) {
        if (entry.inode == &child) {
            return entry.name;
        }
    }
    return Error{Errno::Enoent};
}

Fallible<u64> TmpfsDirectory::list(u64 offset, DirectorySink& sink) {
    if (offset == 0) {
        if (!sink.add({".", metadata().number, FileType::Directory}, 1)) {
            return offset;
        }
        offset = 1;
    }
    if (offset == 1) {
        if (!sink.add({"..", parent()->metadata().number, FileType::Directory}, 2)) {
            return offset;
        }
        offset = 2;
    }
    for (const Entry& entry : names_.entries()) {
        if (entry.cookie <= offset) {
            continue;
        }
        const Inode& inode = *entry.inode;
        if (!sink.add({entry.name, inode.metadata().number, inode.type()}, entry.cookie)) {
            return offset;
        }
        offset = entry.cookie;
    }
    return offset;
}

Fallible<Ref<OpenFile>> TmpfsDirectory::open(const OpenFlags& flags) {
    return Ref<OpenFile>(new DirectoryFile(this, flags));
}

}  // namespace ringfence::kernel
