// SPDX-License-Identifier: MIT
// The MC146818 clock with its battery-backed memory. Its time is guest time: it starts at a moment
// that the run's configuration gives, and never looks at the host's clock. [mc/146818]
#pragma once

#include <array>

#include "sim/devices/port_space.h"
#include "sim/state/forward.h"

namespace ringfence::sim::devices {

/// Ports 70h and 71h. No interrupts: nothing that the project runs uses them.
class RealTimeClock final : public PortDevice {
public:
    /// `start_seconds` is the Unix time at cycle 0.
    RealTimeClock(const memory::Clock& clock, u64 core_hz, u64 start_seconds);
    void attach(PortSpace& ports);

    u8 port_read(u16 port) override;
    void port_write(u16 port, u8 value) override;

    void visit_state(state::Visitor& visitor);

private:
    [[nodiscard]] u8 read_register() const;
    [[nodiscard]] u8 encode(unsigned value) const;

    const memory::Clock& clock_;
    u64 core_hz_;
    u64 start_seconds_;
    u8 index_ = 0;
    std::array<u8, 128> memory_{};
};

}  // namespace ringfence::sim::devices
