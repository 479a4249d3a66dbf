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

u32 PortSpace::read(u16 port, unsigned bytes) {
    u32 value = 0;
    for (unsigned i = 0; i < bytes; ++i) {
        const u16 here = static_cast<u16>(port + i);
        PortDevice* const device = devices_[owners_[here]];
        value |= u32{device == nullptr ? nobody : device->port_read(here)} << (8 * i);
    }
    return value;
}

void PortSpace::write(u16 port, unsigned bytes, u32 value) {
    if (PortDevice* const device = devices_[owners_[port]]; device != nullptr) {
        device->port_write_wide(port, bytes, value & low_mask<u32>(8 * bytes));
    }
}

}  // namespace ringfence::sim::devices
