// SPDX-License-Identifier: MIT
#include "kernel/core/scheduler/cpu_clock.h"

#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/cpu_accounting.h"
#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

namespace {

template <typename Subject>
Ref<CpuClock> clock_of(Subject& subject, CpuClockKind kind) {
    CpuClock*& clock = subject.cpu_clocks.at(kind);
    if (clock == nullptr) {
        clock = new CpuClock(subject, kind);
    }
    return Ref<CpuClock>(clock);
}

template <typename Subject>
u64 time_of(Subject& subject, CpuClockKind kind) {
    return kind == CpuClockKind::User ? cpu_times(subject).user : cpu_time(subject);
}

}  // namespace

u64 CpuClock::now() const {
    if (thread_ != nullptr) {
        return cpu_time(*thread_, kind_);
    }
    return process_ != nullptr ? cpu_time(*process_, kind_) : stopped_at_;
}

void CpuClock::leave_subject() {
    if (thread_ != nullptr) {
        thread_->cpu_clocks.at(kind_) = nullptr;
    }
    if (process_ != nullptr) {
        process_->cpu_clocks.at(kind_) = nullptr;
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

void CpuClocks::expire() {
    for (CpuClock* const clock : of) {
        if (clock != nullptr) {
            clock->expire();
        }
    }
}

void CpuClocks::stop() {
    for (CpuClock* const clock : of) {
        if (clock != nullptr) {
            clock->stop();
        }
    }
}

Ref<CpuClock> cpu_clock_of(Thread& thread, CpuClockKind kind) {
    return clock_of(thread, kind);
}

Ref<CpuClock> cpu_clock_of(Process& process, CpuClockKind kind) {
    return clock_of(process, kind);
}

u64 cpu_time(Thread& thread, CpuClockKind kind) {
    return time_of(thread, kind);
}

u64 cpu_time(Process& process, CpuClockKind kind) {
    return time_of(process, kind);
}

void expire_cpu_timers(Thread& running) {
    if (!running.is_idle()) {
        running.cpu_clocks.expire();
        running.process().cpu_clocks.expire();
    }
}

}  // namespace ringfence::kernel
