// SPDX-License-Identifier: MIT
#include "sim/devices/host_channel.h"

#include "abi/ports.h"

namespace ringfence::sim::devices {

namespace {

constexpr u16 register_width = 4;
constexpr u8 nothing = 0xff;

bool is_mark(u16 port) {
    return port >= abi::mark_port && port < abi::mark_port + register_width;
}

}  // namespace

void HostChannel::attach(PortSpace& ports) {
    ports.add(abi::mark_port, register_width, *this);
    ports.add(abi::channel_port, register_width, *this);
}

u8 HostChannel::port_read(u16 port) {
    if (is_mark(port) || endpoint_.source == nullptr || !endpoint_.source->available()) {
        return nothing;
    }
    return endpoint_.source->take();
}

void HostChannel::port_write(u16 port, u8 value) {
    if (is_mark(port)) {
        recorder_.mark(value);
    } else if (endpoint_.sink != nullptr) {
        endpoint_.sink->put(value);
    }
}

void HostChannel::port_write_wide(u16 port, unsigned bytes, u32 value) {
    if (is_mark(port)) {
        recorder_.mark(value);
    } else {
        PortDevice::port_write_wide(port, bytes, value);
    }
}

}  // namespace ringfence::sim::devices
