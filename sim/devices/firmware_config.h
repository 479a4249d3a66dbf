// SPDX-License-Identifier: MIT
// QEMU's fw_cfg, by which a kernel without firmware learns how large the machine is. [qemu/fw-cfg]
#pragma once

#include <vector>

#include "sim/devices/port_space.h"
#include "sim/state/forward.h"

namespace ringfence::sim::devices {

/// The items that do not depend on what is booted: signature, revision (without DMA), memory size,
/// processors, and an empty file directory. Any other item is empty; an item reads as zeroes behind
/// its end.
class FirmwareConfig final : public PortDevice {
public:
    explicit FirmwareConfig(u64 ram_bytes) : ram_bytes_(ram_bytes) {}
    void attach(PortSpace& ports);

    u8 port_read(u16 port) override;
    /// Ignored: what the host says cannot be changed.
    void port_write(u16 /*port*/, u8 /*value*/) override {}
    /// A 16-bit write to the first port selects an item, from its start.
    void port_write_wide(u16 port, unsigned bytes, u32 value) override;

    void visit_state(state::Visitor& visitor);

private:
    [[nodiscard]] std::vector<u8> item(u16 key) const;

    u64 ram_bytes_;
    u16 key_ = 0;
    u32 offset_ = 0;  ///< of the next byte of the item
};

}  // namespace ringfence::sim::devices
