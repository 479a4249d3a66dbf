// SPDX-License-Identifier: MIT
#include "sim/devices/uart.h"

#include "base/bits.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

namespace {

constexpr u16 register_count = 8;
constexpr usize fifo_depth = 16;

enum Register : u16 {
    data = 0,
    interrupt_enable = 1,
    identification = 2,  ///< read: IIR, write: FCR
    line_control = 3,
    modem_control = 4,
    line_state = 5,
    modem_state = 6,
    scratch = 7,
};

struct Ier {
    static constexpr Flag<0, u8> received{};
    static constexpr Flag<1, u8> transmitter_empty{};
    static constexpr Flag<2, u8> line{};
    static constexpr Flag<3, u8> modem{};
    static constexpr u8 defined = 0x0f;
};
struct Iir {
    static constexpr u8 none = 1;
    static constexpr u8 modem = 0;
    static constexpr u8 transmitter_empty = 2;
    static constexpr u8 received = 4;
    static constexpr u8 line = 6;
    static constexpr u8 fifos_enabled = 0xc0;
};
struct Fcr {
    static constexpr Flag<0, u8> enable{};
    static constexpr Flag<1, u8> clear_receiver{};
};
struct Lcr {
    static constexpr Flag<7, u8> divisor_latch{};
};
struct Mcr {
    static constexpr Flag<0, u8> dtr{};
    static constexpr Flag<1, u8> rts{};
    static constexpr Flag<2, u8> out1{};
    static constexpr Flag<3, u8> out2{};  ///< on a PC: connects the interrupt
    static constexpr Flag<4, u8> loop{};
    static constexpr u8 defined = 0x1f;
};
struct Lsr {
    static constexpr Flag<0, u8> data_ready{};
    static constexpr Flag<1, u8> overrun{};
    static constexpr Flag<5, u8> holding_empty{};
    static constexpr Flag<6, u8> transmitter_empty{};
};
struct Msr {
    static constexpr Flag<4, u8> cts{};
    static constexpr Flag<5, u8> dsr{};
    static constexpr Flag<6, u8> ring{};
    static constexpr Flag<7, u8> carrier{};
    static constexpr unsigned delta_shift = 4;
};

constexpr u8 low_half(u16 word) {
    return static_cast<u8>(word);
}
constexpr u8 high_half(u16 word) {
    return static_cast<u8>(word >> 8);
}

}  // namespace

Uart::Uart(u16 base, InterruptLine line, const memory::SerialEndpoint& endpoint)
    : base_(base), line_(line), sink_(endpoint.sink), source_(endpoint.source) {
    last_modem_lines_ = modem_lines();
}

void Uart::attach(PortSpace& ports) {
    ports.add(base_, register_count, *this);
}

void Uart::visit_state(state::Visitor& visitor) {
    visitor.list("looped", looped_, fifo_depth);
    visitor.field("interrupt_enable", interrupt_enable_);
    visitor.field("line_control", line_control_);
    visitor.field("modem_control", modem_control_);
    visitor.field("scratch", scratch_);
    visitor.field("divisor", divisor_);
    visitor.field("fifo", fifo_);
    visitor.field("overrun", overrun_);
    visitor.field("transmitter_empty_pending", transmitter_empty_pending_);
    visitor.field("modem_delta", modem_delta_);
    visitor.field("last_modem_lines", last_modem_lines_);
    // Not state: base_, line_, sink_, source_ (wiring)
}

bool Uart::loopback() const {
    return Mcr::loop.test(modem_control_);
}

bool Uart::listening() const {
    return Ier::received.test(interrupt_enable_) && Mcr::out2.test(modem_control_) &&
           Mcr::rts.test(modem_control_) && !loopback();
}

bool Uart::has_input() const {
    return loopback() ? !looped_.empty() : source_ != nullptr && source_->available();
}

u8 Uart::receive() {
    if (!has_input()) {
        return 0;
    }
    if (!loopback()) {
        return source_->take();
    }
    const u8 byte = looped_.front();
    looped_.pop_front();
    return byte;
}

void Uart::transmit(u8 byte) {
    transmitter_empty_pending_ = true;
    if (!loopback()) {
        if (sink_ != nullptr) {
            sink_->put(byte);
        }
        return;
    }
    if (looped_.size() == (fifo_ ? fifo_depth : 1)) {
        overrun_ = true;
        if (!fifo_) {
            looped_.front() = byte;
        }
        return;
    }
    looped_.push_back(byte);
}

/// What the modem's four status lines say; in loopback, what the control outputs say.
u8 Uart::modem_lines() const {
    if (!loopback()) {
        return Msr::cts.mask | Msr::dsr.mask | Msr::carrier.mask;  // someone is listening
    }
    return static_cast<u8>(Msr::cts.make(Mcr::rts.get(modem_control_)) |
                           Msr::dsr.make(Mcr::dtr.get(modem_control_)) |
                           Msr::ring.make(Mcr::out1.get(modem_control_)) |
                           Msr::carrier.make(Mcr::out2.get(modem_control_)));
}

u8 Uart::line_status() {
    u8 status = Lsr::holding_empty.mask | Lsr::transmitter_empty.mask;
    status |= Lsr::data_ready.make(has_input() ? 1 : 0);
    status |= Lsr::overrun.make(overrun_ ? 1 : 0);
    overrun_ = false;
    return status;
}

u8 Uart::modem_status() {
    const u8 status = static_cast<u8>(modem_lines() | modem_delta_);
    modem_delta_ = 0;
    return status;
}

/// IIR's cause with the highest priority.
u8 Uart::interrupt_cause() const {
    if (Ier::line.test(interrupt_enable_) && overrun_) {
        return Iir::line;
    }
    if (Ier::received.test(interrupt_enable_) && has_input()) {
        return Iir::received;
    }
    if (Ier::transmitter_empty.test(interrupt_enable_) && transmitter_empty_pending_) {
        return Iir::transmitter_empty;
    }
    if (Ier::modem.test(interrupt_enable_) && modem_delta_ != 0) {
        return Iir::modem;
    }
    return Iir::none;
}

void Uart::update_interrupt() {
    const bool connected = Mcr::out2.test(modem_control_) && !loopback();
    line_.set(connected && interrupt_cause() != Iir::none);
}

u8 Uart::port_read(u16 port) {
    const bool latch = Lcr::divisor_latch.test(line_control_);
    u8 value = 0;
    switch (port - base_) {
        case Register::data:
            value = latch ? low_half(divisor_) : receive();
            break;
        case Register::interrupt_enable:
            value = latch ? high_half(divisor_) : interrupt_enable_;
            break;
        case Register::identification: {
            const u8 cause = interrupt_cause();
            if (cause == Iir::transmitter_empty) {
                transmitter_empty_pending_ = false;
            }
            value = static_cast<u8>(cause | (fifo_ ? Iir::fifos_enabled : 0));
            break;
        }
        case Register::line_control:
            value = line_control_;
            break;
        case Register::modem_control:
            value = modem_control_;
            break;
        case Register::line_state:
            value = line_status();
            break;
        case Register::modem_state:
            value = modem_status();
            break;
        default:
            value = scratch_;
            break;
    }
    update_interrupt();
    return value;
}

void Uart::port_write(u16 port, u8 value) {
    const bool latch = Lcr::divisor_latch.test(line_control_);
    switch (port - base_) {
        case Register::data:
            if (latch) {
                divisor_ = static_cast<u16>((divisor_ & 0xff00) | value);
            } else {
                transmit(value);
            }
            break;
        case Register::interrupt_enable:
            if (latch) {
                divisor_ = static_cast<u16>(low_half(divisor_) | value << 8);
            } else {
                write_interrupt_enable(value);
            }
            break;
        case Register::identification:
            write_fifo_control(value);
            break;
        case Register::line_control:
            line_control_ = value;
            break;
        case Register::modem_control:
            write_modem_control(value);
            break;
        case Register::scratch:
            scratch_ = value;
            break;
        default:
            break;  // the status registers are read-only
    }
    update_interrupt();
}

void Uart::write_interrupt_enable(u8 value) {
    const bool enables_transmit =
        Ier::transmitter_empty.test(value) && !Ier::transmitter_empty.test(interrupt_enable_);
    interrupt_enable_ = value & Ier::defined;
    if (enables_transmit) {
        transmitter_empty_pending_ = true;  // it is empty now: the interrupt comes at once
    }
}

void Uart::write_fifo_control(u8 value) {
    if (Fcr::enable.test(value) != fifo_ || Fcr::clear_receiver.test(value)) {
        looped_.clear();
    }
    fifo_ = Fcr::enable.test(value);
}

void Uart::write_modem_control(u8 value) {
    if (Mcr::loop.test(value) != loopback()) {
        looped_.clear();
    }
    modem_control_ = value & Mcr::defined;
    const u8 lines = modem_lines();
    u8 changed = static_cast<u8>(lines ^ last_modem_lines_);
    if (Msr::ring.test(lines)) {
        changed = Msr::ring.set(changed, 0);  // only its falling edge counts
    }
    modem_delta_ |= static_cast<u8>(changed >> Msr::delta_shift);
    last_modem_lines_ = lines;
}

}  // namespace ringfence::sim::devices
