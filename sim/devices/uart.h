// SPDX-License-Identifier: MIT
// A 16550A serial port whose line is a pair of byte streams on the host. [ns/16550]
#pragma once

#include <deque>

#include "sim/devices/interrupt_lines.h"
#include "sim/devices/port_space.h"
#include "sim/memory/byte_stream.h"
#include "sim/state/forward.h"

namespace ringfence::sim::devices {

/// Sends at once and receives at once: the transmitter is always empty, and the receiver has a byte
/// whenever the source has one. Line speed is not modelled.
class Uart final : public PortDevice {
public:
    /// What `endpoint` names outlives the port.
    Uart(u16 base, InterruptLine line, const memory::SerialEndpoint& endpoint);
    void attach(PortSpace& ports);

    u8 port_read(u16 port) override;
    void port_write(u16 port, u8 value) override;

    /// Looks whether the source has got something, and raises the interrupt if so.
    void poll() { update_interrupt(); }
    /// Whether a byte would interrupt the processor, and the guest is ready for one (RTS).
    [[nodiscard]] bool listening() const;

    /// What the source has and the guest has not taken is the source's.
    void visit_state(state::Visitor& visitor);

private:
    [[nodiscard]] bool loopback() const;
    [[nodiscard]] bool has_input() const;
    u8 receive();
    void transmit(u8 byte);
    [[nodiscard]] u8 line_status();
    [[nodiscard]] u8 modem_status();
    [[nodiscard]] u8 interrupt_cause() const;
    void write_interrupt_enable(u8 value);
    void write_fifo_control(u8 value);
    void write_modem_control(u8 value);
    [[nodiscard]] u8 modem_lines() const;
    void update_interrupt();

    u16 base_;
    InterruptLine line_;
    memory::ByteSink* sink_;
    memory::ByteSource* source_;
    std::deque<u8> looped_;  ///< received in loopback mode
    u8 interrupt_enable_ = 0;
    u8 line_control_ = 0;
    u8 modem_control_ = 0;
    u8 scratch_ = 0;
    u16 divisor_ = 12;  ///< 9600 baud, as firmware leaves it
    bool fifo_ = false;
    bool overrun_ = false;
    bool transmitter_empty_pending_ = false;  ///< the interrupt that IIR's read clears
    u8 modem_delta_ = 0;
    u8 last_modem_lines_ = 0;
};

}  // namespace ringfence::sim::devices
