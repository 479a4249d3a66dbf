// SPDX-License-Identifier: MIT
#include "kernel/core/fs/sysfs.h"

#include "kernel/core/fs/text_tree.h"
#include "kernel_arch/isolation_control.h"
#include "kernel_arch/isolation_status.h"

namespace ringfence::kernel {

namespace {

/// What checkers of this flaw read, in Linux's words. [linux/abi]:
/// Documentation/ABI/testing/sysfs-devices-system-cpu, cpu_show_common of
/// arch/x86/kernel/cpu/bugs.c
Fallible<String> meltdown(u32) {
    if (arch::isolation_status().required == 0) {
        return String("Not affected\n");
    }
    return String(arch::system_design() == arch::Design::Isolated ? "Mitigation: PTI\n"
                                                                  : "Vulnerable\n");
}

constexpr ProcEntry vulnerability_files[] = {{"meltdown", meltdown}};

constexpr ProcEntry topology_files[] = {
    {"core_cpus", fixed<"1\n">},
    {"core_cpus_list", fixed<"0\n">},
    {"core_id", fixed<"0\n">},
    {"core_siblings", fixed<"1\n">},
    {"core_siblings_list", fixed<"0\n">},
    {"package_cpus", fixed<"1\n">},
    {"package_cpus_list", fixed<"0\n">},
    {"physical_package_id", fixed<"0\n">},
    {"thread_siblings", fixed<"1\n">},
    {"thread_siblings_list", fixed<"0\n">},
};
constexpr TextTree processor_directories[] = {{"topology", topology_files}};

constexpr ProcEntry processors_files[] = {
    {"isolated", fixed<"\n">}, {"kernel_max", fixed<"0\n">}, {"offline", fixed<"\n">},
    {"online", fixed<"0\n">},  {"possible", fixed<"0\n">},   {"present", fixed<"0\n">},
};
constexpr TextTree processors_directories[] = {
    {"cpu0", {}, processor_directories},
    {"vulnerabilities", vulnerability_files},
};

constexpr ProcEntry clock_files[] = {
    {"available_clocksource", fixed<"tsc\n">},
    {"current_clocksource", fixed<"tsc\n">},
};
constexpr TextTree clock_directories[] = {{"clocksource0", clock_files}};

constexpr ProcEntry node_files[] = {
    {"online", fixed<"0\n">},
    {"possible", fixed<"0\n">},
    {"has_cpu", fixed<"0\n">},
    {"has_memory", fixed<"0\n">},
};

constexpr TextTree system_directories[] = {
    {"clocksource", {}, clock_directories},
    {"cpu", processors_files, processors_directories},
    {"node", node_files},
};
constexpr TextTree device_directories[] = {{"system", {}, system_directories}};

// Pages of 2 MiB are never given to programs.
constexpr ProcEntry huge_page_files[] = {{"enabled", fixed<"always madvise [never]\n">}};
constexpr TextTree memory_directories[] = {{"transparent_hugepage", huge_page_files}};
constexpr TextTree kernel_directories[] = {{"mm", {}, memory_directories}};

constexpr TextTree file_system_directories[] = {{"cgroup", {}}};

constexpr TextTree top_directories[] = {
    {"devices", {}, device_directories},
    {"fs", {}, file_system_directories},
    {"kernel", {}, kernel_directories},
};
constexpr TextTree tree{"", {}, top_directories};

}  // namespace

Ref<Inode> make_sysfs(Ref<Inode> parent) {
    return make_text_tree(tree, sys_device, std::move(parent));
}

}  // namespace ringfence::kernel
