// SPDX-License-Identifier: MIT
// The ways by which a guest ends or resets the machine: QEMU's isa-debug-exit, the power control
// register, the chipset's reset register, the fast reset port and the keyboard controller's pulse.
// Also the POST code port.
#pragma once

#include <optional>

#include "sim/devices/port_space.h"
#include "sim/state/forward.h"

namespace ringfence::sim::devices {

class SystemControl final : public PortDevice {
public:
    explicit SystemControl(memory::InterruptPins& pins) : pins_(pins) {}
    void attach(PortSpace& ports);

    /// What was written to the debug exit port, once something was.
    [[nodiscard]] std::optional<u32> debug_exit() const { return debug_exit_; }
    [[nodiscard]] bool reset_requested() const { return reset_requested_; }
    /// Whether the reset was asked for with a power cycle.
    [[nodiscard]] bool power_cycle_requested() const { return power_cycle_requested_; }
    [[nodiscard]] bool power_off_requested() const { return power_off_requested_; }

    u8 port_read(u16 port) override;
    void port_write(u16 port, u8 value) override;
    void port_write_wide(u16 port, unsigned bytes, u32 value) override;

    void visit_state(state::Visitor& visitor);

    /// Something else than this device's ports asks for a reset.
    void request_reset();

private:
    memory::InterruptPins& pins_;
    std::optional<u32> debug_exit_;
    bool reset_requested_ = false;
    bool power_cycle_requested_ = false;
    bool power_off_requested_ = false;
    u8 post_code_ = 0;
    u8 reset_control_ = 0;
    u8 port_92_ = 0;
};

}  // namespace ringfence::sim::devices
