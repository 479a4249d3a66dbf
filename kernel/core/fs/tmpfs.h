// SPDX-License-Identifier: MIT
// The RAM file system: root, /tmp and all that programs write. Files from the initramfs keep their
// bytes there until a page of them is mapped or written.
#pragma once

#include <span>

#include "kernel/core/fs/file_seals.h"
#include "kernel/core/fs/inode.h"
#include "kernel/core/fs/io_buffer.h"
#include "kernel/core/fs/name_table.h"
#include "kernel/core/fs/page_map.h"
#include "kernel/core/fs/page_source.h"

namespace ringfence::kernel {

inline constexpr DeviceNumber tmpfs_device{0, 1};

/// Metadata of a file that is made now.
[[nodiscard]] Metadata new_metadata(const NewInode& wanted, DeviceNumber file_system);

/// Pages that the contents of all files hold.
extern u64 file_pages;
/// Files may hold at most this part of memory, as Linux's tmpfs has it; then writes give Enospc.
inline constexpr u64 file_memory_divisor = 2;

class TmpfsFile final : public Inode, public PageSource {
public:
    explicit TmpfsFile(const Metadata& metadata) : Inode(metadata) {}
    /// `initial` must stay readable for ever.
    TmpfsFile(const Metadata& metadata, std::span<const u8> initial)
        : Inode(metadata), initial_(initial), size_(initial.size()) {}

    /// Gives an untouched file its contents.
    void set_initial(std::span<const u8> initial) {
        initial_ = initial;
        size_ = initial.size();
    }
    static constexpr u64 largest_size = low_mask(63);

    [[nodiscard]] u64 size() const override { return size_; }
    [[nodiscard]] u64 storage() const override;
    Fallible<void> resize(u64 size) override;
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) override;
    PageSource* pages() override { return this; }
    FileSeals* seals() override { return &seals_; }
    Fallible<PhysicalAddress> page(u64 index) override;
    void pages_in_memory(u64 first, std::span<PhysicalAddress> to) const override {
        map_.copy(first, to);
    }

    Fallible<u64> read(const IoDestination& to, u64 offset);
    Fallible<u64> write(const IoSource& from, u64 offset);

private:
    /// The frame of page `index`, made if it is absent; no reference is added.
    Fallible<PhysicalAddress> present_page(u64 index);
    /// What the page holds if no frame has been made for it; may be shorter than the page.
    [[nodiscard]] std::span<const u8> initial_bytes(u64 index) const;
    /// Bytes that were copied: fewer than `count` where `to` is bad.
    u64 read_piece(const IoDestination& to, u64 done, u64 offset, u64 count);
    void clear_tail(u64 size);

    std::span<const u8> initial_;
    PageMap map_{file_pages};
    u64 size_ = 0;
    FileSeals seals_;
};

class TmpfsDirectory final : public Inode {
public:
    /// `parent` is null for a root, which is then its own parent.
    TmpfsDirectory(const Metadata& metadata, Ref<Inode> parent)
        : Inode(metadata), parent_(std::move(parent)) {}
    /// Lets go of the parent, and of those above that this directory alone kept, one after another:
    /// a chain of removed directories may be longer than a kernel stack.
    ~TmpfsDirectory() override;

    [[nodiscard]] u64 size() const override;
    Fallible<Ref<Inode>> lookup(std::string_view name) override;
    Fallible<Ref<Inode>> create(std::string_view name, const NewInode& wanted) override;
    Fallible<void> link(std::string_view name, Inode& existing) override;
    Fallible<void> unlink(std::string_view name) override;
    Fallible<void> remove_directory(std::string_view name) override;
    Fallible<void> rename(std::string_view name, Inode& new_parent, std::string_view new_name,
                          RenameMode mode) override;
    Ref<Inode> parent() override;
    Fallible<String> name_of(const Inode& child) override;
    Fallible<u64> list(u64 offset, DirectorySink& sink) override;
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) override;

    /// Hangs a file of another file system, or a ready-made one, under `name`.
    void attach(std::string_view name, Ref<Inode> inode);

private:
    using Entry = NameTable::Entry;

    /// The directory that `inode` is, or null if it is none of this file system.
    static TmpfsDirectory* cast(Inode& inode);
    Fallible<void> check_new_name(std::string_view name);
    void add(std::string_view name, Ref<Inode> inode);
    /// Takes the entry out and returns what it named.
    Ref<Inode> take(std::string_view name);
    /// Takes out an entry whose file is meant to go: one link less.
    void drop(std::string_view name);
    /// The same, and tells those who watch.
    void remove(std::string_view name);
    void touch();
    /// True if `ancestor` is this directory or one above it.
    [[nodiscard]] bool is_inside(const Inode& ancestor);
    static Fallible<void> check_replacement(Inode& moved, Inode& target);
    /// After an exchange: `moved` came here from `from`.
    void receive(TmpfsDirectory& from, Inode& moved);
    static void exchange(TmpfsDirectory& a, Entry& first, TmpfsDirectory& b, Entry& second);

    NameTable names_;
    Ref<Inode> parent_;
};

class TmpfsSymlink final : public Inode {
public:
    TmpfsSymlink(const Metadata& metadata, std::string_view target)
        : Inode(metadata), target_(target) {}
    [[nodiscard]] u64 size() const override { return target_.size(); }
    Fallible<String> target() override { return String(target_.view()); }

private:
    String target_;
};

/// A file of any kind, not yet in a directory; `parent` is for directories.
[[nodiscard]] Ref<Inode> make_tmpfs_inode(const NewInode& wanted, Ref<Inode> parent);
/// The root of a new file system.
[[nodiscard]] Ref<TmpfsDirectory> make_tmpfs_root(u32 permissions);
/// A file without a name, as shared anonymous memory and O_TMPFILE are.
[[nodiscard]] Ref<TmpfsFile> make_unnamed_file(u64 size);

}  // namespace ringfence::kernel
