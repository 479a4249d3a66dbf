// SPDX-License-Identifier: MIT
#include "kernel/core/fs/proc_nodes.h"

#include <algorithm>

#include "kernel/core/fs/directory_file.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

constexpr u32 directory_permissions = 0555;
constexpr u64 first_key = 2;  // offsets 0 and 1 stand for "." and ".."

/// The text as it was when the file was opened.
class ProcTextFile final : public OpenFile {
public:
    ProcTextFile(Ref<Inode> inode, OpenFlags flags, String text, ProcText::Setter setter)
        : OpenFile(std::move(inode), flags), text_(std::move(text)), setter_(setter) {}
    Fallible<u64> read(const IoDestination& to, u64 offset) override {
        const std::string_view rest = drop(text_, offset);
        const std::string_view piece = take(rest, to.size());
        RF_TRY(to.put(0, as_bytes(piece)));
        return u64{piece.size()};
    }
    Fallible<u64> write(const IoSource& from, u64) override {
        u8 bytes[longest_setting];
        if (setter_ == nullptr || from.size() > sizeof(bytes)) {
            return ringfence::Error{setter_ == nullptr ? Errno::Eacces : Errno::Einval};
        }
        RF_TRY(from.get(0, {bytes, from.size()}));
        std::string_view text(reinterpret_cast<const char*>(bytes), from.size());
        RF_TRY(setter_(text.ends_with('\n') ? take(text, text.size() - 1) : text));
        return from.size();
    }

private:
    static constexpr usize longest_setting = 64;

    String text_;
    ProcText::Setter setter_;
};

}  // namespace

Metadata proc_metadata(FileType type, u32 permissions, u64 number, DeviceNumber file_system) {
    const TimeSpec now = file_time_now();
    return {.number = number,
            .file_system = file_system,
            .type = type,
            .permissions = permissions,
            .links = type == FileType::Directory ? u64{2} : u64{1},
            .device = {},
            .accessed = now,
            .modified = now,
            .changed = now};
}

Fallible<Ref<OpenFile>> ProcText::open(const OpenFlags& flags) {
    RF_TRY(admit_allocation());
    if (flags.writable() && setter_ == nullptr) {
        return ringfence::Error{Errno::Eacces};
    }
    RF_TRY_ASSIGN(text, generator_(subject_));
    return Ref<OpenFile>(new ProcTextFile(this, flags, std::move(text), setter_));
}

Fallible<Ref<OpenFile>> make_text_file(Ref<Inode> inode, const OpenFlags& flags, String text) {
    RF_TRY(admit_allocation());
    if (flags.writable()) {
        return ringfence::Error{Errno::Eacces};
    }
    return Ref<OpenFile>(new ProcTextFile(std::move(inode), flags, std::move(text), nullptr));
}

ProcDirectory::ProcDirectory(u64 number, Ref<Inode> parent, DeviceNumber file_system)
    : Inode(proc_metadata(FileType::Directory, directory_permissions, number, file_system)),
      parent_(std::move(parent)) {}

Fallible<Ref<Inode>> ProcDirectory::lookup(std::string_view name) {
    RF_TRY(admit_allocation());
    Ref<Inode> child = make_child(name);
    if (!child) {
        return ringfence::Error{Errno::Enoent};
    }
    return child;
}

Fallible<String> ProcDirectory::name_of(const Inode& child) {
    Child at;
    for (u64 key = 0; child_from(key, at); ++key) {
        if (at.number == child.metadata().number) {
            return at.name;
        }
    }
    return ringfence::Error{Errno::Enoent};
}

Fallible<u64> ProcDirectory::list(u64 offset, DirectorySink& sink) {
    if (offset == 0) {
        if (!sink.add({".", metadata().number, FileType::Directory}, 1)) {
            return offset;
        }
        offset = 1;
    }
    if (offset == 1) {
        if (!sink.add({"..", parent_->metadata().number, FileType::Directory}, first_key)) {
            return offset;
        }
        offset = first_key;
    }
    Child at;
    for (u64 key = offset - first_key; child_from(key, at); ++key) {
        if (!sink.add({at.name, at.number, at.type}, key + 1 + first_key)) {
            return key + first_key;
        }
        offset = key + 1 + first_key;
    }
    return offset;
}

Fallible<Ref<OpenFile>> ProcDirectory::open(const OpenFlags& flags) {
    return Ref<OpenFile>(new DirectoryFile(this, flags));
}

bool ProcTextGroup::child_from(u64& key, Child& child) {
    if (key >= entries_.size()) {
        return false;
    }
    child = {entries_[key].name, FileType::Regular, first_number_ + 1 + key};
    return true;
}

Ref<Inode> ProcTextGroup::make_child(std::string_view name) {
    for (usize i = 0; i < entries_.size(); ++i) {
        if (entries_[i].name == name) {
            return make_ref<ProcText>(
                proc_metadata(FileType::Regular, entries_[i].permissions, first_number_ + 1 + i),
                entries_[i].generator, 0, entries_[i].setter);
        }
    }
    return nullptr;
}

}  // namespace ringfence::kernel
