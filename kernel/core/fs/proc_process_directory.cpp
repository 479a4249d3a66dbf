// SPDX-License-Identifier: MIT
// The directories /proc/PID and its task, and the links in them.
#include "kernel/core/fs/path.h"
#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/process/process_table.h"

namespace ringfence::kernel {

namespace {

constexpr u64 link_index = 100;       // of the first link in /proc/PID
constexpr u64 directory_index = 200;  // fd, fdinfo and task
constexpr u64 memory_index = 300;
constexpr u64 thread_index = 1000;
constexpr u64 file_link_index = 65536;          // of descriptor 0 in fd
constexpr u64 file_information_index = 131072;  // and in fdinfo
constexpr u32 link_permissions = 0777;

using Kind = FileType;

/// exe, cwd and root.
enum class Where : u32 { Executable, WorkingDirectory, Root };

Ref<Inode> place_jump(u32 id, u32 where) {
    const Process* process = processes().find(id);
    if (process == nullptr || !process->place) {
        return nullptr;
    }
    switch (static_cast<Where>(where)) {
        case Where::Executable:
            return process->executable.inode();
        case Where::WorkingDirectory:
            return process->place->directory;
        case Where::Root:
            return process->place->root;
    }
    return nullptr;
}

Fallible<String> place_target(u32 id, u32 where) {
    const Ref<Inode> inode = place_jump(id, where);
    if (!inode) {
        return ringfence::Error{Errno::Enoent};
    }
    const Process& process = *processes().find(id);
    if (static_cast<Where>(where) == Where::Executable) {
        return process.executable_path;
    }
    return directory_path(*inode, *process.place->root);
}

/// In the order of their inodes; only a process itself has the last.
constexpr std::string_view directories[] = {"fd", "fdinfo", "task"};

struct LinkEntry {
    std::string_view name;
    Where where;
};
constexpr LinkEntry links[] = {
    {"cwd", Where::WorkingDirectory}, {"exe", Where::Executable}, {"root", Where::Root}};

Ref<Inode> make_link(u32 process, u64 index, u32 permissions, ProcLink::Target target,
                     ProcLink::Jump jump, u32 item) {
    return make_ref<ProcLink>(
        proc_metadata(Kind::SymbolicLink, permissions, proc_inode_number(process, index)), target,
        jump, process, item);
}

/// /proc/PID, or the same files at /proc/PID/task/TID, but for the task directory itself.
class ProcessDirectory : public ProcDirectory {
public:
    /// `thread`: 0 for the process's own. `number` is of the directory itself; that of a thread's
    /// differs from its process's.
    ProcessDirectory(u32 process, u32 thread, u64 number, Ref<Inode> parent)
        : ProcDirectory(number, std::move(parent)), process_(process), thread_(thread) {
        if (const Process* subject = processes().find(process); subject != nullptr) {
            metadata().owner = subject->credentials.user.effective;
            metadata().group = subject->credentials.group.effective;
        }
    }

protected:
    [[nodiscard]] u32 process() const { return process_; }
    bool child_from(u64& key, Child& child) override;
    Ref<Inode> make_child(std::string_view name) override;

private:
    [[nodiscard]] bool has_tasks() const { return thread_ == 0; }
    [[nodiscard]] bool differs(const ProcEntry& entry) const {
        return thread_ != 0 && entry.of_thread != nullptr;
    }
    [[nodiscard]] u64 number_of(const ProcEntry& entry) const {
        const auto index = static_cast<u64>(&entry - process_entries().data());
        return proc_inode_number(differs(entry) ? thread_ : process_, index + 1);
    }

    u32 process_;
    u32 thread_;
};

/// /proc/PID/task: the threads.
class TaskDirectory final : public ProcDirectory {
public:
    TaskDirectory(u32 process, Ref<Inode> parent)
        : ProcDirectory(proc_inode_number(process, directory_index + 2), std::move(parent)),
          process_(process) {}

protected:
    bool child_from(u64& key, Child& child) override {
        const Process* process = processes().find(process_);
        u32 lowest = 0;
        if (process != nullptr) {
            for (const Thread& thread : process->threads) {
                if (thread.id() >= key && (lowest == 0 || thread.id() < lowest)) {
                    lowest = thread.id();
                }
            }
        }
        if (lowest == 0) {
            return false;
        }
        key = lowest;
        child = {String().append_decimal(lowest), Kind::Directory,
                 proc_inode_number(lowest, thread_index)};
        return true;
    }
    Ref<Inode> make_child(std::string_view name) override {
        const auto number = parse_decimal(name);
        const Thread* thread = number ? processes().find_thread(*number) : nullptr;
        if (thread == nullptr || thread->process().id() != process_) {
            return nullptr;
        }
        return make_ref<ProcessDirectory>(
            process_, *number, proc_inode_number(*number, thread_index), Ref<Inode>(this));
    }

private:
    u32 process_;
};

bool ProcessDirectory::child_from(u64& key, Child& child) {
    const std::span<const ProcEntry> texts = process_entries();
    if (key < texts.size()) {
        child = {texts[key].name, Kind::Regular, number_of(texts[key])};
        return true;
    }
    u64 index = key - texts.size();
    if (index < std::size(links)) {
        child = {links[index].name, Kind::SymbolicLink,
                 proc_inode_number(process_, link_index + index)};
        return true;
    }
    index -= std::size(links);
    if (index == 0) {
        child = {"mem", Kind::Regular, proc_inode_number(process_, memory_index)};
        return true;
    }
    --index;
    if (index < (has_tasks() ? std::size(directories) : std::size(directories) - 1)) {
        child = {directories[index], Kind::Directory,
                 proc_inode_number(process_, directory_index + index)};
        return true;
    }
    return false;
}

Ref<Inode> ProcessDirectory::make_child(std::string_view name) {
    for (const ProcEntry& entry : process_entries()) {
        if (entry.name == name) {
            const bool own = differs(entry);
            return make_ref<ProcText>(
                proc_metadata(Kind::Regular, entry.permissions, number_of(entry)),
                own ? entry.of_thread : entry.generator, own ? thread_ : process_);
        }
    }
    for (usize i = 0; i < std::size(links); ++i) {
        if (links[i].name == name) {
            return make_link(process_, link_index + i, link_permissions, place_target, place_jump,
                             static_cast<u32>(links[i].where));
        }
    }
    if (name == "mem") {
        return make_process_memory(process_, proc_inode_number(process_, memory_index));
    }
    if (name == "fd") {
        return make_descriptor_directory(
            DescriptorFiles::Links, process_, proc_inode_number(process_, directory_index),
            proc_inode_number(process_, file_link_index), Ref<Inode>(this));
    }
    if (name == "fdinfo") {
        return make_descriptor_directory(DescriptorFiles::Information, process_,
                                         proc_inode_number(process_, directory_index + 1),
                                         proc_inode_number(process_, file_information_index),
                                         Ref<Inode>(this));
    }
    if (name == "task" && has_tasks()) {
        return make_ref<TaskDirectory>(process_, Ref<Inode>(this));
    }
    return nullptr;
}

}  // namespace

std::optional<u32> process_of_directory(const Inode& inode) {
    const u64 number = inode.metadata().number;
    const u64 process = number / proc_inodes_per_process - 1;
    if (inode.metadata().file_system != proc_device || !inode.is_directory() ||
        number != proc_inode_number(static_cast<u32>(process), 0)) {
        return std::nullopt;
    }
    return static_cast<u32>(process);
}

Ref<Inode> make_process_directory(u32 process, Ref<Inode> parent) {
    return make_ref<ProcessDirectory>(process, 0, proc_inode_number(process, 0), std::move(parent));
}

}  // namespace ringfence::kernel
