// SPDX-License-Identifier: MIT
// What test suites ask of QEMU by `-device pc-testdev`: interrupt lines to drive, ports and memory
// that give back what was written. No machine has it unless its configuration says so.
#pragma once

#include <array>

#include "base/address.h"
#include "sim/devices/interrupt_lines.h"
#include "sim/devices/port_space.h"
#include "sim/memory/physical_memory.h"
#include "sim/state/forward.h"

namespace ringfence::sim::devices {

class TestDevice final : public PortDevice, public memory::MmioDevice {
public:
    static constexpr PhysicalAddress memory_address{0xff00'0000};
    static constexpr u64 memory_bytes = 64 * kib;

    /// `holder` is its number on every line.
    TestDevice(InterruptLines& lines, unsigned holder) : lines_(lines), holder_(holder) {}
    void attach(PortSpace& ports);

    u8 port_read(u16 port) override;
    void port_write(u16 port, u8 value) override;
    u64 mmio_read(u64 offset, unsigned bytes) override;
    void mmio_write(u64 offset, unsigned bytes, u64 value) override;

    void visit_state(state::Visitor& visitor);

private:
    InterruptLines& lines_;
    unsigned holder_;
    std::array<u8, 4> echo_{};
    std::array<u8, memory_bytes> memory_{};
};

}  // namespace ringfence::sim::devices
