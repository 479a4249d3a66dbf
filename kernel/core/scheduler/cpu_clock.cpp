// SPDX-License-Identifier: MIT
#include "kernel/core/scheduler/cpu_clock.h"

#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

namespace {

template <typename Subject>
Ref<CpuClock> clock_of(Subject& subject) {
    if (subject.cpu_clock == nullptr) {
        subject.cpu_clock = new CpuClock(subject);
    }
    return Ref<CpuClock>(subject.cpu_clock);
}

}  // namespace

u64 CpuClock::now() const {
    if (thread_ != nullptr) {
        return cpu_time(*thread_);
    }
    return process_ != nullptr ? cpu_time(*process_) : stopped_at_;
}

void CpuClock::leave_subject() {
    if (thread_ != nullptr) {
        thread_->cpu_clock = nullptr;
    }
    if (process_ != nullptr) {
        process_->cpu_clock = nullptr;
    }
    thread_ = nullptr;
    process_ = nullptr;
}

CpuClock::~CpuClock() {
    leave_subject();
}

void CpuClock::stop() {
    stopped_at_ = now();
    leave_subject();
}

Ref<CpuClock> cpu_clock_of(Thread& thread) {
    return clock_of(thread);
}

Ref<CpuClock> cpu_clock_of(Process& process) {
    return clock_of(process);
}

void expire_cpu_timers(const Thread& running) {
    if (running.is_idle()) {
        return;
    }
    if (running.cpu_clock != nullptr) {
        running.cpu_clock->expire();
    }
    if (running.process().cpu_clock != nullptr) {
        running.process().cpu_clock->expire();
    }
}

}  // namespace ringfence::kernel
