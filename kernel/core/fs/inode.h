// SPDX-License-Identifier: MIT
// A file as its file system holds it. The default answers are those of a file that cannot do what
// is asked, so each kind overrides only what it can.
#pragma once

#include <memory>
#include <string_view>

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/containers/string.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/file_uses.h"
#include "kernel/core/fs/metadata.h"
#include "kernel/core/fs/open_flags.h"

namespace ringfence::kernel {

class FileLocks;
class FileSeals;
class OpenFile;
class PageSource;

/// What mkdir, mknod, symlink or open(O_CREAT) want to make.
struct NewInode {
    FileType type = FileType::Regular;
    u32 permissions = 0;
    u32 owner = 0;
    u32 group = 0;
    DeviceNumber device{};
    std::string_view target{};  ///< of a symbolic link
};

/// One entry of a directory, for getdents.
struct DirectoryEntry {
    std::string_view name;
    u64 number;
    FileType type;
};

/// Takes directory entries; false means that it has no room for this one.
class DirectorySink {
public:
    virtual bool add(const DirectoryEntry& entry, u64 next_offset) = 0;

protected:
    ~DirectorySink() = default;
};

class Inode : public RefCounted, public Counted<Inode> {
public:
    explicit Inode(const Metadata& initial);
    ~Inode() override;

    [[nodiscard]] Metadata& metadata() { return metadata_; }
    [[nodiscard]] const Metadata& metadata() const { return metadata_; }
    [[nodiscard]] FileType type() const { return metadata_.type; }
    [[nodiscard]] bool is_directory() const { return type() == FileType::Directory; }
    [[nodiscard]] virtual u64 size() const { return 0; }
    /// Bytes of storage, for st_blocks.
    [[nodiscard]] virtual u64 storage() const { return 0; }

    // Directories.
    virtual Fallible<Ref<Inode>> lookup(std::string_view name);
    virtual Fallible<Ref<Inode>> create(std::string_view name, const NewInode& wanted);
    virtual Fallible<void> link(std::string_view name, Inode& existing);
    virtual Fallible<void> unlink(std::string_view name);
    virtual Fallible<void> remove_directory(std::string_view name);
    virtual Fallible<void> rename(std::string_view name, Inode& new_parent,
                                  std::string_view new_name, RenameMode mode);
    /// The directory above; itself at the root. Null for what is no directory.
    [[nodiscard]] virtual Ref<Inode> parent() { return nullptr; }
    /// The name under which a directory holds `child`.
    virtual Fallible<String> name_of(const Inode& child);
    /// Feeds entries from `offset` (0 at first) on, until the end or until the sink is full.
    /// Returns the offset to go on from.
    virtual Fallible<u64> list(u64 offset, DirectorySink& sink);

    // Symbolic links.
    virtual Fallible<String> target() { return Error{Errno::Einval}; }
    /// For /proc's links that lead to an object rather than to a name; null for all others.
    [[nodiscard]] virtual Ref<Inode> jump() { return nullptr; }

    // Contents.
    virtual Fallible<void> resize(u64 size);
    virtual Fallible<Ref<OpenFile>> open(const OpenFlags& flags);
    /// Pages for mmap and exec; null if the file has none.
    [[nodiscard]] virtual PageSource* pages() { return nullptr; }
    /// A region of an address space maps the file from now on, or does so no longer. Only files
    /// that count themselves in `mapping_watchers` are sure to hear of it.
    virtual void region_added() {}
    virtual void region_removed() {}

    /// Who writes to it and who runs it.
    [[nodiscard]] FileUses& uses() { return uses_; }

    /// Null if the file has none.
    [[nodiscard]] virtual FileSeals* seals() { return nullptr; }

    // Advisory locks.
    /// Null while nobody has one, as a rule.
    [[nodiscard]] FileLocks* locks() const { return locks_.get(); }
    /// The same, made if need be. Enolck if there is no memory.
    Fallible<FileLocks*> make_locks();
    /// Somebody who may own locks of the file is about to go.
    void drop_locks(const void* owner);

protected:
    void dispose() const override;

private:
    Metadata metadata_;
    FileUses uses_;
    mutable std::unique_ptr<FileLocks> locks_;
};

/// Files that want to hear of their regions. While there is none, as in most runs, changes of
/// address spaces look no further.
inline u64 mapping_watchers = 0;

/// A number that no other file of the kernel's memory file systems has.
[[nodiscard]] u64 new_inode_number();

}  // namespace ringfence::kernel
