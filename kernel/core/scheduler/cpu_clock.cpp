// SPDX-License-Identifier: MIT
#include "kernel/core/scheduler/cpu_clock.h"

#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

namespace {

template <typename Subject>
CpuClock& clock_of(Subject& subject) {
    if (!subject.cpu_clock) {
        subject.cpu_clock = make_ref<CpuClock>(subject);
    }
    return *subject.cpu_clock;
}

}  // namespace

u64 CpuClock::now() const {
    if (thread_ != nullptr) {
        return cpu_time(*thread_);
    }
    return process_ != nullptr ? cpu_time(*process_) : stopped_at_;
}

void CpuClock::stop() {
    stopped_at_ = now();
    thread_ = nullptr;
    process_ = nullptr;
}

CpuClock& cpu_clock_of(Thread& thread) {
    return clock_of(thread);
}

CpuClock& cpu_clock_of(Process& process) {
    return clock_of(process);
}

void expire_cpu_timers(const Thread& running) {
    if (running.is_idle()) {
        return;
    }
    if (running.cpu_clock) {
        running.cpu_clock->expire();
    }
    if (running.process().cpu_clock) {
        running.process().cpu_clock->expire();
    }
}

}  // namespace ringfence::kernel
