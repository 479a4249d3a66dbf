// SPDX-License-Identifier: MIT
#include "sim/devices/port_space.h"

#include "base/bits.h"
#include "base/compiler.h"

namespace ringfence::sim::devices {

namespace {

constexpr u8 nobody = 0xff;

}  // namespace

void PortDevice::port_write_wide(u16 port, unsigned bytes, u32 value) {
    for (unsigned i = 0; i < bytes; ++i) {
        port_write(static_cast<u16>(port + i), static_cast<u8>(value >> (8 * i)));
    }
}

PortSpace::PortSpace() : owners_(std::make_unique<u8[]>(port_count)) {}

void PortSpace::add(u16 first, u16 count, PortDevice& device) {
    RF_ASSERT(devices_.size() < nobody && first + count <= static_cast<int>(port_count));
    devices_.push_back(&device);
    for (unsigned port = first; port < unsigned{first} + count; ++port) {
        RF_ASSERT(owners_[port] == 0);
        owners_[port] = static_cast<u8>(devices_.size() - 1);
    }
}

/// The device at the first port answers for those of the others that are its own too.
u32 PortSpace::read(u16 port, unsigned bytes) {
    PortDevice* const device = devices_[owners_[port]];
    u32 value = low_mask<u32>(8 * bytes);
    for (unsigned i = 0; device != nullptr && i < own_ports(port, bytes); ++i) {
        value &= ~(u32{nobody} << (8 * i));
        value |= u32{device->port_read(static_cast<u16>(port + i))} << (8 * i);
    }
    return value;
}

void PortSpace::write(u16 port, unsigned bytes, u32 value) {
    if (PortDevice* const device = devices_[owners_[port]]; device != nullptr) {
        const unsigned own = own_ports(port, bytes);
        device->port_write_wide(port, own, value & low_mask<u32>(8 * own));
    }
}

/// How many of `bytes` ports from `port` on belong to the same device.
unsigned PortSpace::own_ports(u16 port, unsigned bytes) const {
    unsigned count = 1;
    while (count < bytes && owners_[static_cast<u16>(port + count)] == owners_[port]) {
        ++count;
    }
    return count;
}

}  // namespace ringfence::sim::devices
