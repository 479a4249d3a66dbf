// SPDX-License-Identifier: MIT
#include "sim/devices/test_device.h"

#include <cstring>

#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

namespace {

constexpr u16 echo_port = 0xe0;          ///< four bytes that read back as written
constexpr u16 drop_page_port = 0xe4;     ///< asks a hypervisor to forget a page: nothing to do here
constexpr u16 first_line_port = 0x2000;  ///< one for each line: 0 low, else high
constexpr u16 width = 4;

}  // namespace

void TestDevice::attach(PortSpace& ports) {
    ports.add(echo_port, width, *this);
    ports.add(drop_page_port, width, *this);
    ports.add(first_line_port, irq_count, *this);
}

void TestDevice::visit_state(state::Visitor& visitor) {
    visitor.field("echo", echo_);
    visitor.field("memory", memory_);
    // Not state: lines_, holder_ (wiring)
}

u8 TestDevice::port_read(u16 port) {
    return port >= echo_port && port < drop_page_port ? echo_[port - echo_port] : 0;
}

void TestDevice::port_write(u16 port, u8 value) {
    if (port >= first_line_port) {
        lines_.set(port - first_line_port, holder_, value != 0);
    } else if (port < drop_page_port) {
        echo_[port - echo_port] = value;
    }
}

u64 TestDevice::mmio_read(u64 offset, unsigned bytes) {
    u64 value = 0;
    std::memcpy(&value, memory_.data() + offset, bytes);
    return value;
}

void TestDevice::mmio_write(u64 offset, unsigned bytes, u64 value) {
    std::memcpy(memory_.data() + offset, &value, bytes);
}

}  // namespace ringfence::sim::devices
