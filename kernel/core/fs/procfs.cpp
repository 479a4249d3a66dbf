// SPDX-License-Identifier: MIT
// The top of /proc.
#include "kernel/core/fs/procfs.h"

#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

namespace {

constexpr u32 no_process = 0;
constexpr u64 root_number = 1;
constexpr u64 self_key = 900;
constexpr u64 thread_self_key = 901;
constexpr u64 sys_key = 902;
constexpr u64 ringfence_key = 903;
constexpr u64 net_key = 904;
constexpr u64 sysvipc_key = 905;
constexpr u64 first_process_key = 1000;
/// The numbers after it are those of its files.
constexpr u64 ringfence_number = proc_inode_number(no_process, 4000);
constexpr u64 net_number = proc_inode_number(no_process, 4100);
constexpr u64 sysvipc_number = proc_inode_number(no_process, 4200);

Fallible<String> self_target(u32, u32) {
    return String().append_decimal(current_process().id());
}

Fallible<String> thread_self_target(u32, u32) {
    return String()
        .append_decimal(current_process().id())
        .append("/task/")
        .append_decimal(current_thread().id());
}

Ref<Inode> make_link(u64 key, ProcLink::Target target) {
    constexpr u32 permissions = 0777;
    return make_ref<ProcLink>(
        proc_metadata(FileType::SymbolicLink, permissions, proc_inode_number(no_process, key)),
        target, nullptr, no_process, 0);
}

class ProcRoot final : public ProcDirectory {
public:
    explicit ProcRoot(Ref<Inode> parent) : ProcDirectory(root_number, std::move(parent)) {}

protected:
    bool child_from(u64& key, Child& child) override {
        const std::span<const ProcEntry> entries = system_entries();
        if (key < entries.size()) {
            child = {entries[key].name, FileType::Regular, proc_inode_number(no_process, key)};
            return true;
        }
        if (key <= self_key) {
            key = self_key;
            child = {"self", FileType::SymbolicLink, proc_inode_number(no_process, key)};
            return true;
        }
        if (key == thread_self_key) {
            child = {"thread-self", FileType::SymbolicLink, proc_inode_number(no_process, key)};
            return true;
        }
        if (key == sys_key) {
            child = {"sys", FileType::Directory, proc_inode_number(no_process, key)};
            return true;
        }
        if (key == ringfence_key) {
            child = {"ringfence", FileType::Directory, ringfence_number};
            return true;
        }
        if (key == net_key) {
            child = {"net", FileType::Directory, net_number};
            return true;
        }
        if (key == sysvipc_key) {
            child = {"sysvipc", FileType::Directory, sysvipc_number};
            return true;
        }
        for (const Ref<Process>& process : processes().all()) {
            if (process->id() + first_process_key >= key) {
                key = process->id() + first_process_key;
                child = {String().append_decimal(process->id()), FileType::Directory,
                         proc_inode_number(process->id(), 0)};
                return true;
            }
        }
        return false;
    }

    Ref<Inode> make_child(std::string_view name) override {
        if (const auto number = parse_decimal(name)) {
            // A thread's number leads to its process's files, though none is listed.
            const Thread* const thread = processes().find_thread(*number);
            const u32 process = thread != nullptr ? thread->process().id() : *number;
            const bool exists = processes().find(process) != nullptr;
            return exists ? make_process_directory(process, Ref<Inode>(this)) : nullptr;
        }
        if (name == "self") {
            return make_link(self_key, self_target);
        }
        if (name == "thread-self") {
            return make_link(thread_self_key, thread_self_target);
        }
        if (name == "sys") {
            return make_proc_sys(Ref<Inode>(this));
        }
        if (name == "ringfence") {
            return make_proc_ringfence(ringfence_number, Ref<Inode>(this));
        }
        if (name == "net") {
            return make_proc_net(net_number, Ref<Inode>(this));
        }
        if (name == "sysvipc") {
            return make_proc_sysvipc(sysvipc_number, Ref<Inode>(this));
        }
        const std::span<const ProcEntry> entries = system_entries();
        for (usize i = 0; i < entries.size(); ++i) {
            if (entries[i].name == name) {
                return make_ref<ProcText>(proc_metadata(FileType::Regular, entries[i].permissions,
                                                        proc_inode_number(no_process, i)),
                                          entries[i].generator, no_process);
            }
        }
        return nullptr;
    }
};

}  // namespace

Ref<Inode> make_procfs(Ref<Inode> parent) {
    return make_ref<ProcRoot>(std::move(parent));
}

}  // namespace ringfence::kernel
