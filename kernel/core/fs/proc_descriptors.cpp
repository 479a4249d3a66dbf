// SPDX-License-Identifier: MIT
// /proc/PID/fd and /proc/PID/fdinfo: what a process has open. [linux/abi]: proc(5)
#include "kernel/core/fs/proc_mounts.h"
#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/process/process_table.h"

namespace ringfence::kernel {

namespace {

constexpr u32 link_permissions = 0700;
constexpr u32 information_permissions = 0444;

/// Null if the process or the descriptor is gone.
Ref<OpenFile> open_file(u32 process_id, u32 descriptor) {
    const Process* process = processes().find(process_id);
    if (process == nullptr || !process->files) {
        return nullptr;
    }
    const auto file = process->files->get(static_cast<i32>(descriptor));
    return file ? file.value() : Ref<OpenFile>();
}

Fallible<String> descriptor_target(u32 process, u32 descriptor) {
    const Ref<OpenFile> file = open_file(process, descriptor);
    if (!file) {
        return ringfence::Error{Errno::Enoent};
    }
    return file->path();
}

Ref<Inode> descriptor_jump(u32 process, u32 descriptor) {
    const Ref<OpenFile> file = open_file(process, descriptor);
    return file ? Ref<Inode>(&file->inode()) : nullptr;
}

Fallible<String> information(u32 process_id, u32 descriptor) {
    const Ref<OpenFile> file = open_file(process_id, descriptor);
    if (!file) {
        return ringfence::Error{Errno::Enoent};
    }
    const FileTable& files = *processes().find(process_id)->files;
    RF_TRY_ASSIGN(close_on_exec, files.close_on_exec(static_cast<i32>(descriptor)));
    using open_bits::CloseOnExec;
    const u32 flags =
        (file->flags().word & ~CloseOnExec::mask) | CloseOnExec::make(close_on_exec ? 1 : 0);
    const Metadata& inode = file->inode().metadata();
    String text("pos:\t");
    text.append_decimal(file->position).append("\nflags:\t0").append_octal(flags);
    text.append("\nmnt_id:\t").append_decimal(mount_number(inode.file_system));
    text.append("\nino:\t").append_decimal(inode.number).append('\n');
    append_descriptor_locks(text, *file, files);
    file->describe(text);
    return text;
}

class DescriptorText final : public Inode {
public:
    DescriptorText(u32 process, u32 descriptor, u64 number)
        : Inode(proc_metadata(FileType::Regular, information_permissions, number)),
          process_(process),
          descriptor_(descriptor) {}
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) override {
        RF_TRY_ASSIGN(text, information(process_, descriptor_));
        return make_text_file(Ref<Inode>(this), flags, std::move(text));
    }

private:
    u32 process_;
    u32 descriptor_;
};

/// One child for each descriptor; the inode numbers of children begin at `first_child`.
class DescriptorDirectory final : public ProcDirectory {
public:
    DescriptorDirectory(DescriptorFiles kind, u32 process, u64 number, u64 first_child,
                        Ref<Inode> parent)
        : ProcDirectory(number, std::move(parent)),
          kind_(kind),
          process_(process),
          first_child_(first_child) {}

protected:
    bool child_from(u64& key, Child& child) override {
        const Process* process = processes().find(process_);
        if (process == nullptr || !process->files) {
            return false;
        }
        for (; key < static_cast<u64>(process->files->end()); ++key) {
            if (process->files->get(static_cast<i32>(key)).ok()) {
                child = {String().append_decimal(key),
                         is_link() ? FileType::SymbolicLink : FileType::Regular,
                         first_child_ + key};
                return true;
            }
        }
        return false;
    }
    Ref<Inode> make_child(std::string_view name) override {
        const auto number = parse_decimal(name);
        if (!number || !open_file(process_, *number)) {
            return nullptr;
        }
        const u64 inode = first_child_ + *number;
        if (!is_link()) {
            return make_ref<DescriptorText>(process_, *number, inode);
        }
        return make_ref<ProcLink>(proc_metadata(FileType::SymbolicLink, link_permissions, inode),
                                  descriptor_target, descriptor_jump, process_, *number);
    }

private:
    [[nodiscard]] bool is_link() const { return kind_ == DescriptorFiles::Links; }

    DescriptorFiles kind_;
    u32 process_;
    u64 first_child_;
};

}  // namespace

Ref<Inode> make_descriptor_directory(DescriptorFiles kind, u32 process, u64 number, u64 first_child,
                                     Ref<Inode> parent) {
    return make_ref<DescriptorDirectory>(kind, process, number, first_child, std::move(parent));
}

}  // namespace ringfence::kernel
