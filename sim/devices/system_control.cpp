// SPDX-License-Identifier: MIT
#include "sim/devices/system_control.h"

#include "abi/ports.h"
#include "base/bits.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

namespace {

constexpr u16 debug_exit_width = 4;
constexpr u16 power_control_width = 2;
constexpr u16 post_code_port = 0x80;
constexpr u16 fast_control_port = 0x92;
constexpr u16 reset_control_port = 0xcf9;
constexpr u16 keyboard_command_port = 0x64;

constexpr u8 keyboard_pulse_reset = 0xfe;
constexpr u8 nobody = 0xff;

struct Port92 {
    static constexpr Flag<0, u8> reset{};
    static constexpr Flag<1, u8> address_20{};  ///< always on here
};
struct ResetControl {
    static constexpr Flag<2, u8> reset{};
    static constexpr Flag<3, u8> power_cycle{};
    static constexpr u8 kept = 0x0a;
};
/// The high byte of the ACPI register PM1a_CNT.
struct PowerControlHigh {
    static constexpr Bitfield<2, 3, u8> sleep_type{};  ///< 0: soft off, as on QEMU's machines
    static constexpr Flag<5, u8> sleep_enable{};
};

}  // namespace

void SystemControl::attach(PortSpace& ports) {
    ports.add(abi::debug_exit_port, debug_exit_width, *this);
    ports.add(abi::power_control_port, power_control_width, *this);
    ports.add(post_code_port, 1, *this);
    ports.add(fast_control_port, 1, *this);
    ports.add(reset_control_port, 1, *this);
    ports.add(keyboard_command_port, 1, *this);
}

void SystemControl::visit_state(state::Visitor& visitor) {
    visitor.optional("debug_exit", debug_exit_);
    visitor.field("reset_requested", reset_requested_);
    visitor.field("power_cycle_requested", power_cycle_requested_);
    visitor.field("power_off_requested", power_off_requested_);
    visitor.field("post_code", post_code_);
    visitor.field("reset_control", reset_control_);
    visitor.field("port_92", port_92_);
    // Not state: pins_ (wiring)
}

void SystemControl::request_reset() {
    reset_requested_ = true;
    pins_.end = true;
}

u8 SystemControl::port_read(u16 port) {
    switch (port) {
        case post_code_port:
            return post_code_;
        case fast_control_port:
            return port_92_ | Port92::address_20.mask;
        case reset_control_port:
            return reset_control_;
        case keyboard_command_port:
            return nobody;  // there is no keyboard controller behind the reset pulse
        default:
            return 0;  // the debug exit device
    }
}

void SystemControl::port_write(u16 port, u8 value) {
    switch (port) {
        case post_code_port:
            post_code_ = value;
            return;
        case fast_control_port:
            if (Port92::reset.test(value) && !Port92::reset.test(port_92_)) {
                request_reset();
            }
            port_92_ = value;
            return;
        case reset_control_port:
            reset_control_ = value & ResetControl::kept;
            if (ResetControl::reset.test(value)) {
                power_cycle_requested_ = ResetControl::power_cycle.test(value);
                request_reset();
            }
            return;
        case keyboard_command_port:
            if (value == keyboard_pulse_reset) {
                request_reset();
            }
            return;
        case abi::power_control_port + 1:
            if (PowerControlHigh::sleep_enable.test(value) &&
                !PowerControlHigh::sleep_type.test(value)) {
                power_off_requested_ = true;
                pins_.end = true;
            }
            return;
        default:
            return;
    }
}

void SystemControl::port_write_wide(u16 port, unsigned bytes, u32 value) {
    const bool is_debug_exit =
        port >= abi::debug_exit_port && port < abi::debug_exit_port + debug_exit_width;
    if (!is_debug_exit) {
        PortDevice::port_write_wide(port, bytes, value);
        return;
    }
    if (!debug_exit_) {
        debug_exit_ = value;
        pins_.end = true;
    }
}

}  // namespace ringfence::sim::devices
