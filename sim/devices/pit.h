// SPDX-License-Identifier: MIT
// The 8254 interval timer: channel 0 drives interrupt line 0, channel 2 is read through port 61h.
// [intel/8254]
#pragma once

#include <array>

#include "sim/devices/event_queue.h"
#include "sim/devices/frequency.h"
#include "sim/devices/interrupt_lines.h"
#include "sim/devices/port_space.h"
#include "sim/state/forward.h"

namespace ringfence::sim::devices {

/// One counter. Time is in ticks of the timer's own clock. Counts are binary: BCD counting, which
/// no known system uses, is taken as binary.
class PitChannel {
public:
    /// Modes 0 to 5 as in the data sheet.
    void set_mode(unsigned mode, u64 tick);
    void load(u32 count, u64 tick);  ///< 0 means 65536
    void set_gate(bool high, u64 tick);

    [[nodiscard]] bool output(u64 tick) const;
    [[nodiscard]] u16 count(u64 tick) const;
    /// The next tick after `tick` at which the output rises, or nothing.
    [[nodiscard]] u64 next_rise(u64 tick) const;
    static constexpr u64 never = ~u64{0};

    // The byte-wide port: which half comes next, and what was latched.
    void set_access(unsigned access);
    u8 read_byte(u64 tick);
    void write_byte(u8 value, u64 tick);
    void latch_count(u64 tick);
    void latch_status(u64 tick);

    [[nodiscard]] bool gate() const { return gate_; }

    /// `tick` is now.
    void visit_state(state::Visitor& visitor, u64 tick);

private:
    [[nodiscard]] u64 elapsed(u64 tick) const;
    [[nodiscard]] bool counts_while_gate_low() const { return mode_ == 1 || mode_ == 5; }
    [[nodiscard]] bool is_periodic() const { return mode_ == 2 || mode_ == 3; }
    void restart(u64 tick);

    unsigned mode_ = 0;
    unsigned access_ = 3;  ///< 1 low byte, 2 high byte, 3 low then high
    u32 reload_ = 65536;
    bool loaded_ = false;  ///< a count was written since the mode
    bool started_ = false;
    u64 start_ = 0;   ///< the tick at which counting began
    u64 paused_ = 0;  ///< ticks counted before the gate went low; used while it is low
    bool gate_ = true;

    bool write_high_next_ = false;
    u8 written_low_ = 0;
    bool read_high_next_ = false;
    bool count_latched_ = false;
    u16 latched_count_ = 0;
    bool status_latched_ = false;
    u8 latched_status_ = 0;
};

/// Ports 40h to 43h and 61h.
class Pit final : public PortDevice, private EventTarget {
public:
    static constexpr u64 input_hz = 1'193'182;

    Pit(EventQueue& events, InterruptLine line, u64 core_hz);
    void attach(PortSpace& ports);

    u8 port_read(u16 port) override;
    void port_write(u16 port, u8 value) override;

    /// The clock and the event queue have been visited before.
    void visit_state(state::Visitor& visitor);

private:
    void write_command(u8 value);
    [[nodiscard]] u8 read_speaker_port() const;
    void schedule();
    void event_due(unsigned kind, u64 cycle) override;
    [[nodiscard]] u64 now() const { return frequency_.ticks_at(events_.now()); }

    EventQueue& events_;
    InterruptLine line_;
    Frequency frequency_;
    std::array<PitChannel, 3> channels_;
    u8 speaker_ = 0;
};

}  // namespace ringfence::sim::devices
