// SPDX-License-Identifier: MIT
// The kinds of files that /proc is made of.
#pragma once

#include "kernel/core/fs/inode.h"
#include "kernel/core/fs/open_file.h"
#include "kernel/core/fs/procfs.h"

namespace ringfence::kernel {

/// Numbers of /proc's inodes: those of a process's files follow from its own number.
inline constexpr u64 proc_inodes_per_process = 262144;
[[nodiscard]] constexpr u64 proc_inode_number(u32 process, u64 index) {
    return (u64{process} + 1) * proc_inodes_per_process + index;
}

[[nodiscard]] Metadata proc_metadata(FileType type, u32 permissions, u64 number,
                                     DeviceNumber file_system = proc_device);

class FileTable;

/// A file whose text is made when it is opened. `subject` is a process number, or what the
/// generator takes it for. With a setter the privileged user may write it: each write is one whole
/// new text, without the newline at its end.
class ProcText final : public Inode {
public:
    using Generator = Fallible<String> (*)(u32 subject);
    using Setter = Fallible<void> (*)(std::string_view text);
    ProcText(const Metadata& metadata, Generator generator, u32 subject, Setter setter = nullptr)
        : Inode(metadata), generator_(generator), setter_(setter), subject_(subject) {}
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) override;
    /// Its text does not depend on what was there: a shell's `>` changes nothing yet.
    Fallible<void> resize(u64) override { return {}; }

private:
    Generator generator_;
    Setter setter_;
    u32 subject_;
};

/// A file that reads as `text`, opened by `inode`. Eacces for writing.
Fallible<Ref<OpenFile>> make_text_file(Ref<Inode> inode, const OpenFlags& flags, String text);

/// A link whose target is made when it is read, and that may lead straight to an object.
class ProcLink final : public Inode {
public:
    using Target = Fallible<String> (*)(u32 process, u32 item);
    using Jump = Ref<Inode> (*)(u32 process, u32 item);
    ProcLink(const Metadata& metadata, Target target, Jump jump, u32 process, u32 item)
        : Inode(metadata), target_(target), jump_(jump), process_(process), item_(item) {}
    Fallible<String> target() override { return target_(process_, item_); }
    Ref<Inode> jump() override { return jump_ != nullptr ? jump_(process_, item_) : nullptr; }

private:
    Target target_;
    Jump jump_;
    u32 process_;
    u32 item_;
};

/// A directory of /proc. Subclasses name their children in a stable order.
class ProcDirectory : public Inode {
public:
    ProcDirectory(u64 number, Ref<Inode> parent, DeviceNumber file_system = proc_device);

    Ref<Inode> parent() override { return parent_; }
    Fallible<Ref<Inode>> lookup(std::string_view name) final;
    Fallible<String> name_of(const Inode& child) final;
    Fallible<u64> list(u64 offset, DirectorySink& sink) final;
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) final;

protected:
    /// What listing needs to know of a child.
    struct Child {
        String name;
        FileType type;
        u64 number;
    };
    /// The first child whose key is at least `key`; its own key is put there. Keys only have to
    /// ascend from one child to the next.
    virtual bool child_from(u64& key, Child& child) = 0;
    /// The child called `name`, or null.
    virtual Ref<Inode> make_child(std::string_view name) = 0;

private:
    Ref<Inode> parent_;
};

/// One fixed file of a directory.
struct ProcEntry {
    std::string_view name;
    ProcText::Generator generator;
    u32 permissions = 0444;
    ProcText::Setter setter = nullptr;
    /// In /proc/PID/task/TID, if the file is another one there: for a thread's number.
    ProcText::Generator of_thread = nullptr;
};

/// A directory of fixed texts. Their inode numbers follow `first_number`, its own.
class ProcTextGroup final : public ProcDirectory {
public:
    ProcTextGroup(u64 first_number, std::span<const ProcEntry> entries, Ref<Inode> parent)
        : ProcDirectory(first_number, std::move(parent)),
          first_number_(first_number),
          entries_(entries) {}

protected:
    bool child_from(u64& key, Child& child) override;
    Ref<Inode> make_child(std::string_view name) override;

private:
    u64 first_number_;
    std::span<const ProcEntry> entries_;
};

/// /proc/PID; the process may be gone by the time it is used.
[[nodiscard]] Ref<Inode> make_process_directory(u32 process, Ref<Inode> parent);
/// /proc/PID/mem. Its inode's number is `number`.
[[nodiscard]] Ref<Inode> make_process_memory(u32 process, u64 number);
/// /proc/PID/fd, or fdinfo.
enum class DescriptorFiles : u8 { Links, Information };
/// Inode numbers: the directory's own, and that of descriptor 0 in it.
[[nodiscard]] Ref<Inode> make_descriptor_directory(DescriptorFiles kind, u32 process, u64 number,
                                                   u64 first_child, Ref<Inode> parent);
/// The files of /proc itself, without the numbers.
[[nodiscard]] std::span<const ProcEntry> system_entries();
/// What /proc/locks says. Enomem if there are too many.
Fallible<String> locks_text(u32 subject);
/// The lines of fdinfo about what `file` and the process with `table` have locked of its file.
void append_descriptor_locks(String& text, const OpenFile& file, const FileTable& table);
/// The files of /proc/PID that are plain text.
[[nodiscard]] std::span<const ProcEntry> process_entries();
/// /proc/sys and what is below it.
[[nodiscard]] Ref<Inode> make_proc_sys(Ref<Inode> parent);
/// /proc/net: the network's interface and sockets. Its inode's number is `number`.
[[nodiscard]] Ref<Inode> make_proc_net(u64 number, Ref<Inode> parent);
/// /proc/sysvipc: objects of System V IPC. Its inode's number is `number`.
[[nodiscard]] Ref<Inode> make_proc_sysvipc(u64 number, Ref<Inode> parent);
/// /proc/ringfence: what this kernel says of itself. Its inode's number is `number`.
[[nodiscard]] Ref<Inode> make_proc_ringfence(u64 number, Ref<Inode> parent);

}  // namespace ringfence::kernel
