// SPDX-License-Identifier: MIT
// The timer of a local APIC: counts down once or again and again, or waits until the time-stamp
// counter reaches a value. [intel/vol3]: 11.5.4
#pragma once

#include "arch/x86/apic.h"
#include "sim/devices/event_queue.h"
#include "sim/devices/frequency.h"
#include "sim/state/forward.h"

namespace ringfence::sim::devices {

/// Told when the timer has run out, whether or not anyone wants to be interrupted.
class ApicTimerListener {
public:
    virtual ~ApicTimerListener() = default;
    virtual void timer_expired() = 0;
};

class ApicTimer final : private EventTarget {
public:
    using Mode = arch::x86::ApicTimerMode;

    /// `input` is the clock in front of the divider.
    ApicTimer(EventQueue& events, ApicTimerListener& listener, Frequency input);

    /// Between one-shot and periodic the count goes on; any other change disarms the timer.
    void set_mode(Mode mode);

    /// Starts counting down from `count`; 0 stops. Ignored unless the mode counts.
    void set_initial_count(u32 count);
    [[nodiscard]] u32 initial_count() const { return initial_count_; }
    [[nodiscard]] u32 current_count() const;
    /// The count goes on from where it is, at another rate.
    void set_divide(u32 divide_register);
    [[nodiscard]] u32 divide() const { return divide_; }

    /// Expires when the time-stamp counter reaches `time_stamp`, at once if it has; 0 disarms.
    /// Ignored, and reads as 0, outside the TSC-deadline mode.
    void set_deadline(u64 time_stamp);
    [[nodiscard]] u64 deadline() const { return deadline_; }
    /// The time-stamp counter was set.
    void time_stamp_moved();

    /// As after power-up.
    void reset();

    /// The clock and the event queue have been visited before.
    void visit_state(state::Visitor& visitor);

private:
    [[nodiscard]] static bool counts(Mode mode) {
        return mode == Mode::OneShot || mode == Mode::Periodic;
    }
    [[nodiscard]] u64 now() const { return input_.ticks_at(events_.now()); }
    [[nodiscard]] unsigned divisor() const { return arch::x86::apic_timer_divisor(divide_); }
    [[nodiscard]] u64 period() const { return u64{initial_count_} * divisor(); }
    void disarm();
    void plan_expiry();
    void plan_deadline();
    void event_due(unsigned kind, u64 cycle) override;

    EventQueue& events_;
    ApicTimerListener& listener_;
    Frequency input_;

    Mode mode_ = Mode::OneShot;
    u32 initial_count_ = 0;
    u32 divide_ = 0;
    u64 start_ = 0;  ///< when the count was the initial one, in ticks of the input
    bool counting_ = false;
    u64 deadline_ = 0;  ///< 0: not armed
};

}  // namespace ringfence::sim::devices
