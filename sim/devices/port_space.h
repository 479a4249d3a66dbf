// SPDX-License-Identifier: MIT
// I/O ports: which device answers where.
#pragma once

#include <memory>
#include <vector>

#include "sim/memory/port_bus.h"

namespace ringfence::sim::devices {

/// A device with byte-wide registers, as nearly all of a PC's are. Wider accesses arrive as bytes,
/// the lowest port first.
class PortDevice {
public:
    virtual ~PortDevice() = default;
    virtual u8 port_read(u16 port) = 0;
    virtual void port_write(u16 port, u8 value) = 0;
    /// Overridden by devices that see the width of an access.
    virtual void port_write_wide(u16 port, unsigned bytes, u32 value);
};

class PortSpace final : public memory::PortBus {
public:
    PortSpace();

    /// Gives the device [first, first + count). Ranges do not overlap; the device outlives this.
    void add(u16 first, u16 count, PortDevice& device);

    u32 read(u16 port, unsigned bytes) override;
    void write(u16 port, unsigned bytes, u32 value) override;

private:
    [[nodiscard]] unsigned own_ports(u16 port, unsigned bytes) const;

    static constexpr unsigned port_count = 1U << 16;
    /// Index into devices_, by port; 0 is nobody.
    std::unique_ptr<u8[]> owners_;
    std::vector<PortDevice*> devices_{nullptr};
};

}  // namespace ringfence::sim::devices
