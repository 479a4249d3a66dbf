// SPDX-License-Identifier: MIT
#include "kernel/core/process/posix_timers.h"

#include <algorithm>
#include <limits>

#include "kernel/core/process/process.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/signal/send.h"

namespace ringfence::kernel {

u32 PosixTimer::signal_taken() {
    constexpr u64 most_overruns = std::numeric_limits<i32>::max();  // DELAYTIMER_MAX
    const u64 expiries = timer_.take_expiries(now());
    overrun_ = expiries == 0 ? 0 : static_cast<u32>(std::min(expiries - 1, most_overruns));
    return overrun_;
}

void PosixTimer::set(u64 first, u64 interval) {
    timer_.set(first, interval);
    if (cpu_clock_) {
        cpu_clock_->expire();  // nobody may run by that clock any more
    }
}

void PosixTimer::on_expiry(void* timer) {
    PosixTimer& self = *static_cast<PosixTimer*>(timer);
    const TimerNotification& notification = self.notification_;
    if (notification.signal == 0) {
        return;
    }
    const SignalInformation information{.number = notification.signal,
                                        .code = signal_codes::timer,
                                        .kind = SignalInformation::Kind::Timer,
                                        .value = notification.value,
                                        .timer = self.id_};
    bool queued = false;
    if (notification.thread == 0) {
        queued = send_signal(self.owner_, information);
    } else if (Thread* thread = processes().find_thread(notification.thread)) {
        queued = &thread->process() == &self.owner_ && send_signal(*thread, information);
    }
    if (!queued) {  // ignored, or one of its number waits already
        self.signal_taken();
    }
}

Fallible<Ref<PosixTimer>> PosixTimers::create(Process& owner, u32 clock, Ref<CpuClock> cpu_clock,
                                              const TimerNotification& notification) {
    if (timers_.size() >= most_timers) {
        return Error{Errno::Eagain};
    }
    timers_.push_back(
        make_ref<PosixTimer>(owner, next_id_++, clock, std::move(cpu_clock), notification));
    return timers_.back();
}

Fallible<Ref<PosixTimer>> PosixTimers::find(u32 id) const {
    const auto at = std::find_if(timers_.begin(), timers_.end(),
                                 [id](const Ref<PosixTimer>& timer) { return timer->id() == id; });
    if (at == timers_.end()) {
        return Error{Errno::Einval};
    }
    return *at;
}

Fallible<void> PosixTimers::remove(u32 id) {
    for (usize i = 0; i < timers_.size(); ++i) {
        if (timers_[i]->id() == id) {
            timers_.erase(i);
            return {};
        }
    }
    return Error{Errno::Einval};
}

}  // namespace ringfence::kernel
