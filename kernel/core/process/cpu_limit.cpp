// SPDX-License-Identifier: MIT
#include "kernel/core/process/cpu_limit.h"

#include <algorithm>

#include "kernel/core/process/process.h"
#include "kernel/core/signal/send.h"

namespace ringfence::kernel {

namespace {

/// As CPU time; `never` for no limit.
u64 nanoseconds(u64 seconds) {
    return seconds > never / nanoseconds_per_second ? never : seconds * nanoseconds_per_second;
}

}  // namespace

void watch_cpu_limit(Process& process) {
    const ResourceLimit& limit = process.limits.at(Resource::CpuTime);
    const bool is_init = process.parent == &process;  // has no threads, and so no time
    if (limit.soft == ResourceLimit::unlimited || is_init) {
        process.cpu_limit_timer.cancel();
        return;
    }
    process.own_cpu_clock = cpu_clock_of(process);
    process.own_cpu_clock->timers().arm(process.cpu_limit_timer,
                                        nanoseconds(std::min(limit.soft, limit.hard)));
}

void enforce_cpu_limit(Process& process) {
    ResourceLimit& limit = process.limits.at(Resource::CpuTime);
    const u64 used = cpu_time(process);
    if (used >= nanoseconds(limit.hard)) {
        send_signal(process, {.number = signals::kill, .code = signal_codes::kernel});
        return;
    }
    if (used >= nanoseconds(limit.soft)) {
        send_signal(process, {.number = signals::cpu_limit, .code = signal_codes::kernel});
        ++limit.soft;  // programs see that, as they do on Linux
    }
    watch_cpu_limit(process);
}

}  // namespace ringfence::kernel
