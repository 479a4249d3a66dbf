// SPDX-License-Identifier: MIT
#include "kernel/core/fs/timer_file.h"

#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

void TimerFile::on_expiry(void* file) {
    TimerFile& self = *static_cast<TimerFile*>(file);
    self.expired_ = true;
    self.expired_queue_.wake_all();
}

void TimerFile::set(u64 first, u64 interval) {
    expired_ = false;
    timer_.set(first, interval);
}

Fallible<u64> TimerFile::read(const IoDestination& to, u64) {
    if (to.size() < sizeof(u64)) {
        return Error{Errno::Einval};
    }
    u64 expiries = 0;
    while (expiries == 0) {  // another thread may have read, or set the timer, before this one runs
        if (!may_block() && !expired_) {
            return Error{Errno::Eagain};
        }
        RF_TRY(wait_until(expired_queue_, [this] { return expired_; }));
        expiries = timer_.take_expiries(monotonic_now());
        expired_ = false;
    }
    RF_TRY(to.put(0, {reinterpret_cast<const u8*>(&expiries), sizeof(expiries)}));
    return u64{sizeof(expiries)};
}

u32 TimerFile::ready() const {
    return expired_ ? poll_bits::In::mask | poll_bits::ReadNormal::mask : 0;
}

Fallible<Ref<OpenFile>> make_timer_file(OpenFlags flags, u32 clock) {
    RF_TRY(admit_allocation());
    return Ref<OpenFile>(new TimerFile(flags, clock));
}

void TimerFile::describe(String& text) const {
    const auto append_time = [&](std::string_view name, u64 nanoseconds) {
        text.append(name).append(": (").append_decimal(nanoseconds / nanoseconds_per_second);
        text.append(", ").append_decimal(nanoseconds % nanoseconds_per_second).append(")\n");
    };
    text.append("clockid: ").append_decimal(clock_);
    text.append("\nticks: ").append_decimal(expired_ ? 1 : 0).append("\nsettime flags: 00\n");
    append_time("it_value", timer_.remaining(monotonic_now()));
    append_time("it_interval", timer_.interval());
}

}  // namespace ringfence::kernel
