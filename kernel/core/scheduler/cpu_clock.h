// SPDX-License-Identifier: MIT
// A clock that goes on while a thread, or any thread of a process, has the CPU, and the timers that
// are set by it. [linux/abi]: clock_getcpuclockid(3)
#pragma once

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/scheduler/timer.h"

namespace ringfence::kernel {

class CpuClock;
class Process;
class Thread;

/// What a clock counts: all of a subject's CPU time, or that in user mode.
enum class CpuClockKind : u8 { All, User };
inline constexpr usize cpu_clock_kinds = 2;

/// Those of one thread or process, each there while somebody times by it.
struct CpuClocks {
    CpuClock* of[cpu_clock_kinds] = {};

    [[nodiscard]] CpuClock*& at(CpuClockKind kind) { return of[static_cast<usize>(kind)]; }
    /// Fires the timers whose time has come.
    void expire();
    /// The subject is about to go.
    void stop();
};

/// There while somebody times by it: whoever has a timer in its queue keeps it. Timers are looked
/// at by the timer's tick, of whoever runs then.
class CpuClock final : public RefCounted, public Counted<CpuClock> {
public:
    CpuClock(Thread& thread, CpuClockKind kind) : thread_(&thread), kind_(kind) {}
    CpuClock(Process& process, CpuClockKind kind) : process_(&process), kind_(kind) {}
    ~CpuClock() override;

    /// Nanoseconds of CPU time.
    [[nodiscard]] u64 now() const;
    [[nodiscard]] TimerQueue& timers() { return timers_; }
    /// Fires the timers whose time has come.
    void expire() { timers_.expire(now()); }
    /// The thread or process is about to go: the clock stands still, and no timer fires any more.
    void stop();
    [[nodiscard]] bool stopped() const { return thread_ == nullptr && process_ == nullptr; }

private:
    void leave_subject();

    Thread* thread_ = nullptr;  ///< one of both, until it has stopped
    Process* process_ = nullptr;
    CpuClockKind kind_;
    u64 stopped_at_ = 0;
    TimerQueue timers_;
};

/// The clock of a thread or a process that has not gone.
[[nodiscard]] Ref<CpuClock> cpu_clock_of(Thread& thread, CpuClockKind kind = CpuClockKind::All);
[[nodiscard]] Ref<CpuClock> cpu_clock_of(Process& process, CpuClockKind kind = CpuClockKind::All);
/// What it shows: nanoseconds.
[[nodiscard]] u64 cpu_time(Thread& thread, CpuClockKind kind);
[[nodiscard]] u64 cpu_time(Process& process, CpuClockKind kind);

/// The tick's part: the timers of whom it has interrupted.
void expire_cpu_timers(Thread& running);

}  // namespace ringfence::kernel
