// SPDX-License-Identifier: MIT
#include "kernel/core/process/interval_timer.h"

#include "kernel/core/signal/send.h"

namespace ringfence::kernel {

IntervalTimerValue read_real_timer(const Process& process) {
    const Timer& timer = process.real_timer.timer;
    if (!timer.armed()) {
        return {.interval = process.real_timer.interval};
    }
    const u64 now = monotonic_now();
    return {.remaining = timer.deadline() > now ? timer.deadline() - now : 1,
            .interval = process.real_timer.interval};
}

void set_real_timer(Process& process, const IntervalTimerValue& value) {
    process.real_timer.interval = value.interval;
    timers().arm(process.real_timer.timer,
                 value.remaining == 0 ? never : deadline_after(monotonic_now(), value.remaining));
}

void fire_real_timer(Process& process) {
    if (process.real_timer.interval != 0) {
        timers().arm(process.real_timer.timer,
                     deadline_after(monotonic_now(), process.real_timer.interval));
    }
    send_signal(process, {.number = signals::alarm, .code = signal_codes::kernel});
}

}  // namespace ringfence::kernel
