// SPDX-License-Identifier: MIT
#include "kernel/core/process/resource_usage.h"

#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

namespace {
/// The kernel does not tell user from system time: all of it counts as user time.
ResourceUsage make(u64 time, u64 page_faults) {
    ResourceUsage usage{};
    usage.user = to_timeval(time);
    usage.minor_faults = static_cast<i64>(page_faults);
    return usage;
}
}  // namespace

ResourceUsage usage_of_process(const Process& process) {
    ResourceUsage usage = make(cpu_time(process), process.page_faults);
    if (process.memory) {
        usage.most_resident_kib =
            static_cast<i64>(process.memory->most_resident_pages() * (page_size / kib));
    }
    return usage;
}

ResourceUsage usage_of_thread(const Thread& thread) {
    return make(cpu_time(thread), 0);
}

ResourceUsage usage_of_children(const Process& process) {
    return make(process.children_time, process.children_page_faults);
}

ResourceUsage usage_of_child(const Process& child) {
    return make(cpu_time(child) + child.children_time,
                child.page_faults + child.children_page_faults);
}

}  // namespace ringfence::kernel
