// SPDX-License-Identifier: MIT
#include "kernel/core/fs/file_table.h"

namespace ringfence::kernel {

FileTable::~FileTable() {
    for (Slot& slot : slots_) {
        exchange(slot, {});
    }
}

void FileTable::exchange(Slot& slot, Slot next) {
    // The file may act when its last reference goes; the slot must hold what is next by then.
    const Slot closed = std::exchange(slot, std::move(next));
    if (closed.file) {
        closed.file->descriptor_closed();
        closed.file->inode().drop_locks(this);
    }
}

const FileTable::Slot* FileTable::find(i32 descriptor) const {
    const usize index = static_cast<usize>(descriptor);
    if (descriptor < 0 || index >= slots_.size() || !slots_[index].file) {
        return nullptr;
    }
    return &slots_[index];
}

Fallible<Ref<OpenFile>> FileTable::get(i32 descriptor) const {
    const Slot* slot = find(descriptor);
    if (slot == nullptr) {
        return Error{Errno::Ebadf};
    }
    return slot->file;
}

Fallible<void> FileTable::make_slot(usize index) {
    if (index >= slots_.size()) {
        if (!slots_.try_make_room(index + 1 - slots_.size())) {
            return Error{Errno::Enomem};
        }
        slots_.resize(index + 1);
    }
    return {};
}

Fallible<i32> FileTable::add(Ref<OpenFile> file, bool close_on_exec, u64 limit, i32 lowest) {
    usize index = static_cast<usize>(lowest);
    while (index < slots_.size() && slots_[index].file) {
        ++index;
    }
    if (index >= limit) {
        return Error{Errno::Emfile};
    }
    RF_TRY(make_slot(index));
    slots_[index] = {std::move(file), close_on_exec};
    return static_cast<i32>(index);
}

Fallible<void> FileTable::replace(i32 descriptor, Ref<OpenFile> file, bool close_on_exec,
                                  u64 limit) {
    const usize index = static_cast<usize>(descriptor);
    if (descriptor < 0 || index >= limit) {
        return Error{Errno::Ebadf};
    }
    RF_TRY(make_slot(index));
    exchange(slots_[index], {std::move(file), close_on_exec});
    return {};
}

Fallible<void> FileTable::close(i32 descriptor) {
    if (find(descriptor) == nullptr) {
        return Error{Errno::Ebadf};
    }
    exchange(slots_[static_cast<usize>(descriptor)], {});
    return {};
}

Fallible<bool> FileTable::close_on_exec(i32 descriptor) const {
    const Slot* slot = find(descriptor);
    if (slot == nullptr) {
        return Error{Errno::Ebadf};
    }
    return slot->close_on_exec;
}

Fallible<void> FileTable::set_close_on_exec(i32 descriptor, bool value) {
    if (find(descriptor) == nullptr) {
        return Error{Errno::Ebadf};
    }
    slots_[static_cast<usize>(descriptor)].close_on_exec = value;
    return {};
}

void FileTable::close_for_exec() {
    for (Slot& slot : slots_) {
        if (slot.close_on_exec) {
            exchange(slot, {});
        }
    }
}

Fallible<Ref<FileTable>> FileTable::copy() const {
    Ref<FileTable> made = make_ref<FileTable>();
    if (!made->slots_.try_reserve(slots_.size())) {
        return Error{Errno::Enomem};
    }
    for (const Slot& slot : slots_) {
        made->slots_.push_back(slot);
    }
    return made;
}

}  // namespace ringfence::kernel
