// SPDX-License-Identifier: MIT
// Two registers by which a guest speaks to the host outside of what is measured (abi/ports.h): one
// marks points of a run, the other carries bytes in both directions, as fast as the guest can move
// them.
#pragma once

#include "sim/devices/port_space.h"
#include "sim/memory/byte_stream.h"
#include "sim/observe/recorder.h"

namespace ringfence::sim::devices {

class HostChannel final : public PortDevice {
public:
    /// What both name outlives the device.
    HostChannel(const memory::SerialEndpoint& endpoint, observe::Recorder& recorder)
        : endpoint_(endpoint), recorder_(recorder) {}

    void attach(PortSpace& ports);

    /// The channel's next byte; all ones if none is left.
    u8 port_read(u16 port) override;
    void port_write(u16 port, u8 value) override;
    /// A mark is the value of one write, whatever its width.
    void port_write_wide(u16 port, unsigned bytes, u32 value) override;

private:
    memory::SerialEndpoint endpoint_;
    observe::Recorder& recorder_;
};

}  // namespace ringfence::sim::devices
