// SPDX-License-Identifier: MIT
// The pair of 8259A interrupt controllers: the second one reports through input 2 of the first.
// [intel/8259]
#pragma once

#include <array>

#include "sim/devices/interrupt_lines.h"
#include "sim/devices/port_space.h"
#include "sim/state/forward.h"

namespace ringfence::sim::devices {

/// One 8259A.
class PicChip {
public:
    explicit PicChip(bool primary) : primary_(primary) {}

    void set_input(unsigned input, bool high);
    /// Whether INT is up.
    [[nodiscard]] bool output() const { return pending_input() >= 0; }
    /// The input that the acknowledge cycle takes; spurious (7) if it has gone.
    unsigned acknowledge();
    [[nodiscard]] u8 vector_of(unsigned input) const {
        return static_cast<u8>(vector_base_ + input);
    }

    u8 read_command();
    [[nodiscard]] u8 read_mask() const { return mask_; }
    void write_command(u8 value);
    void write_data(u8 value);

    [[nodiscard]] u8 level_triggered() const { return level_triggered_; }
    void set_level_triggered(u8 inputs) { level_triggered_ = inputs; }

    void visit_state(state::Visitor& visitor);

private:
    enum class InitStep : u8 { Ready, Icw2, Icw3, Icw4 };

    [[nodiscard]] int pending_input() const;
    [[nodiscard]] unsigned priority_of(unsigned input) const {
        return (input - lowest_priority_ - 1) % 8;
    }
    [[nodiscard]] int highest(u8 inputs) const;
    void end_of_interrupt(u8 value);

    bool primary_;
    InitStep step_ = InitStep::Ready;
    bool wants_icw4_ = false;
    bool auto_end_ = false;
    bool rotate_on_auto_end_ = false;
    bool special_mask_ = false;
    bool special_nested_ = false;
    bool reads_in_service_ = false;
    bool poll_ = false;
    u8 vector_base_ = 0;
    unsigned lowest_priority_ = 7;
    u8 mask_ = 0xff;
    u8 lines_ = 0;
    u8 request_ = 0;
    u8 in_service_ = 0;
    u8 level_triggered_ = 0;
};

/// Ports 20h, 21h, A0h, A1h and the edge/level registers at 4D0h and 4D1h.
class Pic final : public PortDevice {
public:
    void attach(PortSpace& ports);

    void set_line(unsigned irq, bool high);
    [[nodiscard]] bool output() const { return primary_.output(); }
    /// The vector of the interrupt taken.
    u8 acknowledge();

    u8 port_read(u16 port) override;
    void port_write(u16 port, u8 value) override;

    void visit_state(state::Visitor& visitor);

private:
    void cascade();

    PicChip primary_{true};
    PicChip secondary_{false};
};

}  // namespace ringfence::sim::devices
