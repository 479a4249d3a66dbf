// SPDX-License-Identifier: MIT
#include "sim/devices/firmware_config.h"

#include "abi/ports.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

namespace {

constexpr u16 port_count = 2;
constexpr unsigned selector_width = 2;

/// [qemu/fw-cfg]: the keys, and the widths of their items
enum Key : u16 {
    signature = 0x00,
    revision = 0x01,
    ram_size = 0x03,
    no_graphics = 0x04,
    processors = 0x05,
    most_processors = 0x0f,
};
constexpr u32 traditional_interface = 1;

template <typename T>
std::vector<u8> little_endian(T value) {
    std::vector<u8> bytes;
    for (unsigned i = 0; i < sizeof(T); ++i) {
        bytes.push_back(static_cast<u8>(value >> (8 * i)));
    }
    return bytes;
}

}  // namespace

void FirmwareConfig::attach(PortSpace& ports) {
    ports.add(abi::firmware_config_port, port_count, *this);
}

void FirmwareConfig::visit_state(state::Visitor& visitor) {
    visitor.field("key", key_);
    visitor.field("offset", offset_);
    // Not state: ram_bytes_ (configuration)
}

std::vector<u8> FirmwareConfig::item(u16 key) const {
    switch (key) {
        case signature:
            return {'Q', 'E', 'M', 'U'};
        case revision:
            return little_endian(traditional_interface);
        case ram_size:
            return little_endian(ram_bytes_);
        case no_graphics:
        case processors:
        case most_processors:
            return little_endian(u16{1});
        default:
            return {};  // the directory of files (19H) too: a count, and that is 0
    }
}

u8 FirmwareConfig::port_read(u16 /*port*/) {
    const std::vector<u8> bytes = item(key_);
    return offset_ < bytes.size() ? bytes[offset_++] : 0;
}

void FirmwareConfig::port_write_wide(u16 port, unsigned bytes, u32 value) {
    if (port == abi::firmware_config_port && bytes == selector_width) {
        key_ = static_cast<u16>(value);
        offset_ = 0;
    }
}

}  // namespace ringfence::sim::devices
