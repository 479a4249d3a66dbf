// SPDX-License-Identifier: MIT
// Resource limits and usage.
#include "kernel/core/process/cpu_limit.h"
#include "kernel/core/process/resource_usage.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

Fallible<void> set_limit(Process& process, u32 resource, const ResourceLimit& wanted) {
    ResourceLimit& limit = process.limits.at(static_cast<Resource>(resource));
    if (wanted.soft > wanted.hard) {
        return Error{Errno::Einval};
    }
    const bool raises = wanted.hard > limit.hard;
    const bool too_far =
        static_cast<Resource>(resource) == Resource::OpenFiles && wanted.hard > most_open_files;
    if ((raises && !current_process().credentials.may(Capability::SysResource)) || too_far) {
        return Error{Errno::Eperm};
    }
    limit = wanted;
    if (static_cast<Resource>(resource) == Resource::CpuTime) {
        watch_cpu_limit(process);
    }
    return {};
}

}  // namespace

Nothing prlimit64(i32 id, u32 resource, Pointer limit, Pointer old) {
    if (resource >= resource_count) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(process, process_called(id));
    const UserIds& mine = current_process().credentials.user;
    if (!current_process().credentials.may(Capability::SysResource) &&
        mine.real != process->credentials.user.real) {
        return Error{Errno::Eperm};
    }
    const ResourceLimit before = process->limits.at(static_cast<Resource>(resource));
    if (limit != Pointer{}) {
        RF_TRY_ASSIGN(wanted, read_user<ResourceLimit>(limit));
        RF_TRY(set_limit(*process, resource, wanted));
    }
    return write_user_if_wanted(old, before);
}

Nothing getrlimit(u32 resource, Pointer limit) {
    return prlimit64(0, resource, Pointer{}, limit);
}

Nothing setrlimit(u32 resource, Pointer limit) {
    if (limit == Pointer{}) {
        return Error{Errno::Efault};
    }
    return prlimit64(0, resource, limit, Pointer{});
}

Nothing getrusage(i32 who, Pointer usage) {
    enum Who : i32 { Children = -1, Self = 0, ThisThread = 1 };
    switch (who) {
        case Who::Self:
            return write_user(usage, usage_of_process(current_process()));
        case Who::Children:
            return write_user(usage, usage_of_children(current_process()));
        case Who::ThisThread:
            return write_user(usage, usage_of_thread(current_thread()));
        default:
            return Error{Errno::Einval};
    }
}

}  // namespace ringfence::kernel::syscalls
