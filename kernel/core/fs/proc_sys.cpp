// SPDX-License-Identifier: MIT
// /proc/sys: the kernel's parameters, most of which cannot be changed. [linux/abi]: proc(5)
#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/fs/text_tree.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/system_names.h"
#include "kernel/core/terminal/devpts.h"

namespace ringfence::kernel {

namespace {

Fallible<String> release(u32) {
    return String(SystemNames::release).append("\n");
}
Fallible<String> sys_version(u32) {
    return String(SystemNames::version).append("\n");
}
Fallible<String> host_name(u32) {
    return String(system_names().node.view()).append("\n");
}
Fallible<String> largest_pid(u32) {
    return String().append_decimal(ProcessTable::largest_id + 1).append("\n");
}

constexpr ProcEntry kernel_entries[] = {
    {"ostype", fixed<"Linux\n">},
    {"osrelease", release},
    {"version", sys_version},
    {"hostname", host_name},
    {"pid_max", largest_pid},
    {"ngroups_max", fixed<"65536\n">},
    {"randomize_va_space", fixed<"0\n">},
    {"cap_last_cap", fixed<"40\n">},
    // System V IPC: the limits of kernel/core/ipc.
    {"msgmax", fixed<"8192\n">},
    {"msgmnb", fixed<"16384\n">},
    {"msgmni", fixed<"32000\n">},
    {"sem", fixed<"32000\t1024000000\t500\t32000\n">},
    {"shm_rmid_forced", fixed<"0\n">},
    {"shmall", fixed<"18446744073692774399\n">},
    {"shmmax", fixed<"18446744073692774399\n">},
    {"shmmni", fixed<"4096\n">},
};
constexpr ProcEntry memory_entries[] = {
    {"overcommit_memory", fixed<"0\n">},
    {"max_map_count", fixed<"65530\n">},
    {"mmap_min_addr", fixed<"65536\n">},
};
constexpr ProcEntry watch_entries[] = {
    {"max_queued_events", fixed<"16384\n">},
    {"max_user_instances", fixed<"128\n">},
    {"max_user_watches", fixed<"65536\n">},
};
constexpr TextTree file_groups[] = {{"inotify", watch_entries}};
constexpr ProcEntry file_entries[] = {
    {"file-max", fixed<"65536\n">},
    {"nr_open", fixed<"65536\n">},
};

constexpr ProcEntry socket_entries[] = {
    {"somaxconn", fixed<"4096\n">},
};
constexpr TextTree network_groups[] = {{"core", socket_entries}};

Fallible<String> terminal_count(u32) {
    return String().append_decimal(pseudo_terminal_count()).append("\n");
}
Fallible<String> terminal_limit(u32) {
    return String().append_decimal(most_pseudo_terminals()).append("\n");
}
Fallible<void> set_terminal_limit(std::string_view text) {
    const auto wanted = parse_decimal(text);
    if (!wanted || *wanted > largest_terminal_limit) {
        return ringfence::Error{Errno::Einval};
    }
    set_most_pseudo_terminals(*wanted);
    return {};
}
constexpr u32 writable = 0644;
constexpr ProcEntry terminal_entries[] = {
    {"max", terminal_limit, writable, set_terminal_limit},
    {"nr", terminal_count},
};
constexpr TextTree kernel_groups[] = {{"pty", terminal_entries}};

constexpr TextTree groups[] = {{"fs", file_entries, file_groups},
                               {"kernel", kernel_entries, kernel_groups},
                               {"net", {}, network_groups},
                               {"vm", memory_entries}};
constexpr TextTree tree{"sys", {}, groups};

}  // namespace

Ref<Inode> make_proc_sys(Ref<Inode> parent) {
    return make_text_tree(tree, proc_device, std::move(parent));
}

}  // namespace ringfence::kernel
