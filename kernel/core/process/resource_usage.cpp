// SPDX-License-Identifier: MIT
#include "kernel/core/process/resource_usage.h"

#include "kernel/core/scheduler/cpu_accounting.h"

namespace ringfence::kernel {

namespace {
ResourceUsage make(const CpuTimes& times, u64 page_faults) {
    ResourceUsage usage{};
    usage.user = to_timeval(times.user);
    usage.system = to_timeval(times.system);
    usage.minor_faults = static_cast<i64>(page_faults);
    return usage;
}
}  // namespace

ResourceUsage usage_of_process(Process& process) {
    ResourceUsage usage = make(cpu_times(process), process.page_faults);
    if (process.memory) {
        usage.most_resident_kib =
            static_cast<i64>(process.memory->most_resident_pages() * (page_size / kib));
    }
    return usage;
}

ResourceUsage usage_of_thread(Thread& thread) {
    return make(cpu_times(thread), 0);
}

ResourceUsage usage_of_children(const Process& process) {
    return make(process.children_times, process.children_page_faults);
}

ResourceUsage usage_of_child(Process& child) {
    CpuTimes times = cpu_times(child);
    times += child.children_times;
    return make(times, child.page_faults + child.children_page_faults);
}

}  // namespace ringfence::kernel
