// SPDX-License-Identifier: MIT
#include "kernel/core/fs/initramfs.h"

#include "kernel/core/fs/cpio.h"

namespace ringfence::kernel {

namespace {

constexpr u32 default_directory_permissions = 0755;

/// Members that several names share: the inode that the first of them made.
struct SharedInode {
    u32 number;
    Ref<Inode> inode;
};

class Unpacker {
public:
    explicit Unpacker(TmpfsDirectory& root) : root_(&root) {}

    void add(const cpio::Entry& entry) {
        if (entry.name == ".") {
            apply(root_->metadata(), entry);
            return;
        }
        std::string_view name = entry.name;
        const Ref<Inode> directory = parent_of(name);
        if (!directory || name.empty() || name == "." || name == "..") {
            return;  // a name that leads nowhere: nothing to make
        }
        auto& parent = static_cast<TmpfsDirectory&>(*directory);
        if (const auto existing = parent.lookup(name); existing.ok()) {
            if (existing.value()->is_directory()) {
                apply(existing.value()->metadata(), entry);
                return;
            }
        }
        parent.attach(name, make(entry, parent));
    }

private:
    /// Walks (and makes) the directories of a member's name; leaves its last component in `name`.
    Ref<Inode> parent_of(std::string_view& name) {
        Ref<Inode> at(root_);
        for (usize slash = name.find('/'); slash != std::string_view::npos;
             slash = name.find('/')) {
            const std::string_view component = take(name, slash);
            name = drop(name, slash + 1);
            if (component.empty() || component == ".") {
                continue;
            }
            if (component == "..") {
                return nullptr;
            }
            auto found = at->lookup(component);
            if (!found) {
                found = at->create(component, {.type = FileType::Directory,
                                               .permissions = default_directory_permissions});
            }
            if (!found || !found.value()->is_directory()) {
                return nullptr;
            }
            at = found.value();
        }
        return at;
    }

    static void apply(Metadata& metadata, const cpio::Entry& entry) {
        metadata.permissions = mode_bits::Permissions::get(entry.mode);
        metadata.owner = entry.owner;
        metadata.group = entry.group;
        metadata.modified = metadata.accessed = metadata.changed = {.seconds = entry.modified};
    }

    Ref<Inode> make(const cpio::Entry& entry, TmpfsDirectory& parent) {
        const auto type = static_cast<FileType>(mode_bits::FileTypeField::get(entry.mode));
        if (type == FileType::Regular) {
            return make_file(entry);
        }
        const std::string_view contents(reinterpret_cast<const char*>(entry.contents.data()),
                                        entry.contents.size());
        Ref<Inode> inode = make_tmpfs_inode({.type = type,
                                             .device = {entry.device_major, entry.device_minor},
                                             .target = take(contents, contents.find('\0'))},
                                            Ref<Inode>(&parent));
        apply(inode->metadata(), entry);
        return inode;
    }

    Ref<Inode> make_file(const cpio::Entry& entry) {
        if (entry.links > 1) {
            for (const SharedInode& shared : shared_) {
                if (shared.number == entry.number) {
                    return link_again(shared.inode, entry);
                }
            }
        }
        Ref<TmpfsFile> file = make_ref<TmpfsFile>(new_metadata({}, tmpfs_device), entry.contents);
        apply(file->metadata(), entry);
        if (entry.links > 1) {
            shared_.push_back({entry.number, file});
        }
        return file;
    }

    /// Only one of the linked members carries the contents; which one differs between packers.
    static Ref<Inode> link_again(const Ref<Inode>& inode, const cpio::Entry& entry) {
        ++inode->metadata().links;
        if (!entry.contents.empty()) {
            static_cast<TmpfsFile&>(*inode).set_initial(entry.contents);
        }
        return inode;
    }

    TmpfsDirectory* root_;
    Vector<SharedInode> shared_;
};

}  // namespace

Result<void, String> unpack_initramfs(TmpfsDirectory& root, std::span<const u8> archive) {
    if (archive.empty()) {
        return {};
    }
    cpio::Reader reader(archive);
    Unpacker unpacker(root);
    for (;;) {
        cpio::Entry entry;
        const auto step = reader.next(entry);
        if (!step) {
            String text("initramfs is corrupt at byte ");
            text.append_decimal(reader.offset()).append(": ").append(cpio::describe(step.error()));
            return Error{std::move(text)};
        }
        if (step.value() == cpio::Reader::Step::End) {
            return {};
        }
        unpacker.add(entry);
    }
}

}  // namespace ringfence::kernel
