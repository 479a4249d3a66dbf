// SPDX-License-Identifier: MIT
#include "sim/devices/apic_timer.h"

#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

ApicTimer::ApicTimer(EventQueue& events, ApicTimerListener& listener, Frequency input)
    : events_(events), listener_(listener), input_(input) {
    events_.enroll(*this, "apic_timer", 1);
}

void ApicTimer::visit_state(state::Visitor& visitor) {
    // A divider that is changed on the way may put the start before the beginning of time.
    constexpr u64 longest = u64{1} << 62;
    u64 elapsed = now() - start_;
    visitor.field("mode", mode_, Mode::Reserved);
    visitor.field("initial_count", initial_count_);
    visitor.field("divide", divide_, arch::x86::apic_timer_divide_bits);
    visitor.field("elapsed", elapsed, longest);
    visitor.field("counting", counting_);
    visitor.field("deadline", deadline_);
    visitor.require(!counting_ || (counts(mode_) && initial_count_ != 0),
                    "a timer that counts nothing");
    // Not state: events_, listener_ (wiring); input_ (configuration)
    start_ = now() - elapsed;
}

/// [intel/vol3]: 11.5.4.1 has a change of mode disarm the timer. That is about the TSC-deadline
/// mode: between the two others processors go on counting, and software relies on it.
void ApicTimer::set_mode(Mode mode) {
    if (mode == mode_) {
        return;
    }
    if (!counts(mode) || !counts(mode_)) {
        disarm();
    } else if (counting_) {
        start_ += (now() - start_) / period() * period();
    }
    mode_ = mode;
    plan_expiry();
}

void ApicTimer::disarm() {
    initial_count_ = 0;
    counting_ = false;
    deadline_ = 0;
    events_.cancel(*this, 0);
}

void ApicTimer::reset() {
    disarm();
    mode_ = Mode::OneShot;
    divide_ = 0;
}

// Counting ----------------------------------------------------------------------------------------

void ApicTimer::set_initial_count(u32 count) {
    if (!counts(mode_)) {
        return;
    }
    initial_count_ = count;
    counting_ = count != 0;
    start_ = now();
    plan_expiry();
}

u32 ApicTimer::current_count() const {
    if (!counting_) {
        return 0;
    }
    const u64 counted = (now() - start_) / divisor();
    if (mode_ == Mode::Periodic) {
        return static_cast<u32>(initial_count_ - counted % initial_count_);
    }
    return counted >= initial_count_ ? 0 : static_cast<u32>(initial_count_ - counted);
}

void ApicTimer::set_divide(u32 divide_register) {
    const u32 left = current_count();
    divide_ = divide_register & arch::x86::apic_timer_divide_bits;
    if (counting_) {
        start_ = now() - u64{initial_count_ - left} * divisor();
        plan_expiry();
    }
}

void ApicTimer::plan_expiry() {
    if (!counting_) {
        events_.cancel(*this, 0);
        return;
    }
    const u64 periods = mode_ == Mode::Periodic ? (now() - start_) / period() : 0;
    events_.schedule(*this, 0, input_.cycle_of(start_ + (periods + 1) * period()));
}

// TSC deadline ------------------------------------------------------------------------------------

void ApicTimer::set_deadline(u64 time_stamp) {
    if (mode_ == Mode::TscDeadline) {
        deadline_ = time_stamp;
        plan_deadline();
    }
}

void ApicTimer::time_stamp_moved() {
    if (mode_ == Mode::TscDeadline) {
        plan_deadline();
    }
}

void ApicTimer::plan_deadline() {
    events_.cancel(*this, 0);
    if (deadline_ == 0) {
        return;
    }
    const u64 time_stamp = events_.time_stamp();
    if (time_stamp >= deadline_) {
        deadline_ = 0;
        listener_.timer_expired();
        return;
    }
    const u64 cycle = events_.now() + (deadline_ - time_stamp);
    if (cycle > events_.now()) {  // else the machine's time ends before
        events_.schedule(*this, 0, cycle);
    }
}

void ApicTimer::event_due(unsigned /*kind*/, u64 /*cycle*/) {
    if (mode_ == Mode::Periodic) {
        plan_expiry();
    } else {
        counting_ = false;
        deadline_ = 0;
    }
    listener_.timer_expired();
}

}  // namespace ringfence::sim::devices
