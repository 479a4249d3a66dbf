// SPDX-License-Identifier: MIT
// /proc/sys: the kernel's parameters, most of which cannot be changed. [linux/abi]: proc(5)
#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/fs/text_tree.h"
#include "kernel/core/ipc/message_queue.h"
#include "kernel/core/ipc/posix_queue.h"
#include "kernel/core/ipc/semaphore_set.h"
#include "kernel/core/ipc/shared_segment.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/socket/network.h"
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

/// In the order that ipcs(1) reads.
Fallible<String> semaphores(u32) {
    String text;
    text.append_decimal(semaphore_limits::most_per_set).append('\t');
    text.append_decimal(semaphore_limits::most_of_all).append('\t');
    text.append_decimal(semaphore_limits::most_operations).append('\t');
    return text.append_decimal(semaphore_limits::most_sets).append('\n');
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
    {"msgmax", number<message_limits::largest_message>},
    {"msgmnb", number<message_limits::queue_bytes>},
    {"msgmni", number<message_limits::most_queues>},
    {"sem", semaphores},
    {"sched_rr_timeslice_ms", fixed<"100\n">},
    {"sched_rt_period_us", fixed<"1000000\n">},
    {"sched_rt_runtime_us", fixed<"950000\n">},
    {"shm_rmid_forced", fixed<"0\n">},
    {"shmall", number<segment_limits::most_pages>},
    {"shmmax", number<segment_limits::largest_size>},
    {"shmmni", number<segment_limits::most_segments>},
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
constexpr ProcEntry queue_entries[] = {
    {"msg_default", number<posix_queue_limits::usual_messages>},
    {"msg_max", number<posix_queue_limits::most_messages>},
    {"msgsize_default", number<posix_queue_limits::usual_size>},
    {"msgsize_max", number<posix_queue_limits::largest_size>},
    {"queues_max", number<posix_queue_limits::most_queues>},
};
constexpr TextTree file_groups[] = {{"inotify", watch_entries}, {"mqueue", queue_entries}};
constexpr ProcEntry file_entries[] = {
    {"file-max", fixed<"65536\n">},
    {"nr_open", number<most_open_files>},
};

constexpr ProcEntry socket_entries[] = {
    {"somaxconn", fixed<"4096\n">},
};
constexpr ProcEntry inet_entries[] = {
    {"ip_local_port_range", fixed<"32768\t60999\n">},
};
constexpr ProcEntry inet6_entries[] = {
    {"bindv6only", fixed<"0\n">},
};
constexpr ProcEntry inet6_interface_entries[] = {
    {"disable_ipv6", fixed<"0\n">},
    {"mtu", number<Network::maximum_packet>},
};
constexpr TextTree inet6_interfaces[] = {{"all", inet6_interface_entries},
                                         {"default", inet6_interface_entries},
                                         {"lo", inet6_interface_entries}};
constexpr TextTree inet6_groups[] = {{"conf", {}, inet6_interfaces}};
constexpr TextTree network_groups[] = {
    {"core", socket_entries}, {"ipv4", inet_entries}, {"ipv6", inet6_entries, inet6_groups}};

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
