// SPDX-License-Identifier: MIT
// timerfd: a timer whose expiries are read. [linux/abi]: timerfd_create(2)
#pragma once

#include "kernel/core/fs/anonymous_file.h"
#include "kernel/core/scheduler/repeating_timer.h"
#include "kernel/core/scheduler/wait_queue.h"

namespace ringfence::kernel {

class TimerFile final : public AnonymousFile {
public:
    static constexpr FileKind file_kind{"timerfd"};

    /// `clock` is the program's number of the clock by which it gives times.
    TimerFile(OpenFlags flags, u32 clock)
        : AnonymousFile(flags, "[timerfd]"), clock_(clock), timer_(on_expiry, this) {}

    [[nodiscard]] u32 clock() const { return clock_; }
    /// Sets it as RepeatingTimer::set does and forgets what has not been read.
    void set(u64 first, u64 interval);
    [[nodiscard]] const RepeatingTimer& timer() const { return timer_; }

    /// The number of expiries since the last read, as a u64; waits for one.
    Fallible<u64> read(const IoDestination& to, u64 offset) override;
    [[nodiscard]] u32 ready() const override;
    [[nodiscard]] ReadinessQueues queues() override { return {.reading = &expired_queue_}; }
    void describe(String& text) const override;
    [[nodiscard]] const FileKind* kind() const override { return &file_kind; }

private:
    static void on_expiry(void* file);

    u32 clock_;
    bool expired_ = false;
    RepeatingTimer timer_;
    WaitQueue expired_queue_;
};

/// A timer that is not armed.
Fallible<Ref<OpenFile>> make_timer_file(OpenFlags flags, u32 clock);

}  // namespace ringfence::kernel
