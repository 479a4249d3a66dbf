// SPDX-License-Identifier: MIT
// 16550 UARTs, polled. [ns/16550]: section 8
#include "kernel_arch/serial.h"

#include <cstring>

#include "abi/ports.h"
#include "base/bits.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/serial_setup.h"

namespace ringfence::kernel::arch {

namespace {

/// Register offsets from the port's base.
enum class UartRegister : u16 {
    Data = 0,
    InterruptEnable = 1,
    FifoControl = 2,
    LineControl = 3,
    ModemControl = 4,
    LineStatus = 5,
    Scratch = 7,
};

struct LineStatus {
    static constexpr Flag<0, u8> data_ready{};
    static constexpr Flag<5, u8> transmitter_empty{};  ///< the FIFO has room for 16 bytes
    static constexpr Flag<6, u8> transmitter_idle{};   ///< and nothing is on its way
};

constexpr usize fifo_depth = 16;
constexpr u16 port_bases[] = {abi::kernel_log_port, abi::program_output_port,
                              abi::program_error_port, abi::control_port};
bool port_present[4];

u16 base_of(SerialPort port) {
    return port_bases[static_cast<usize>(port)];
}
u16 register_of(u16 base, UartRegister offset) {
    return static_cast<u16>(base + static_cast<u16>(offset));
}
u8 line_status(u16 base) {
    return read_port(register_of(base, UartRegister::LineStatus));
}

/// Whether anything answers: the scratch register keeps what is written.
bool probe(u16 base) {
    constexpr u8 pattern = 0x5a;
    write_port(register_of(base, UartRegister::Scratch), pattern);
    return read_port(register_of(base, UartRegister::Scratch)) == pattern;
}

void set_up(u16 base) {
    constexpr u8 divisor_latch = 0x80;
    constexpr u8 eight_bits_no_parity = 0x03;
    constexpr u8 enable_and_clear_fifos = 0x07;
    constexpr u8 ready = 0x03;  // DTR and RTS
    write_port(register_of(base, UartRegister::InterruptEnable), 0);
    write_port(register_of(base, UartRegister::LineControl), divisor_latch);
    write_port(register_of(base, UartRegister::Data), 1);  // 115200 baud
    write_port(register_of(base, UartRegister::InterruptEnable), 0);
    write_port(register_of(base, UartRegister::LineControl), eight_bits_no_parity);
    write_port(register_of(base, UartRegister::FifoControl), enable_and_clear_fifos);
    write_port(register_of(base, UartRegister::ModemControl), ready);
}

}  // namespace

void set_up_serial_ports() {
    for (usize i = 0; i < 4; ++i) {
        port_present[i] = probe(port_bases[i]);
        if (port_present[i]) {
            set_up(port_bases[i]);
        }
    }
}

void serial_write(SerialPort port, std::span<const u8> bytes) {
    if (!port_present[static_cast<usize>(port)]) {
        return;
    }
    const u16 base = base_of(port);
    while (!bytes.empty()) {
        while (!LineStatus::transmitter_empty.test(line_status(base))) {
        }
        const usize count = bytes.size() < fifo_depth ? bytes.size() : fifo_depth;
        write_port_bytes(register_of(base, UartRegister::Data), bytes.data(), count);
        bytes = bytes.subspan(count);
    }
}

void drain_serial_ports() {
    for (usize i = 0; i < 4; ++i) {
        while (port_present[i] && !LineStatus::transmitter_idle.test(line_status(port_bases[i]))) {
        }
    }
}

void serial_read(SerialPort port, std::span<u8> bytes) {
    const u16 base = base_of(port);
    for (u8& byte : bytes) {
        while (!LineStatus::data_ready.test(line_status(base))) {
        }
        byte = read_port(register_of(base, UartRegister::Data));
    }
}

std::optional<u8> receive_byte(SerialPort port) {
    const u16 base = base_of(port);
    if (!port_present[static_cast<usize>(port)] ||
        !LineStatus::data_ready.test(line_status(base))) {
        return std::nullopt;
    }
    return read_port(register_of(base, UartRegister::Data));
}

std::optional<abi::control::WindowSize> receive_window_size() {
    const auto first = receive_byte(SerialPort::Control);
    if (!first) {
        return std::nullopt;
    }
    u8 bytes[sizeof(abi::control::WindowSize)] = {*first};
    serial_read(SerialPort::Control, std::span(bytes).subspan(1));  // sent together
    abi::control::WindowSize size{};
    std::memcpy(&size, bytes, sizeof(size));
    return size;
}

void send_record(abi::control::Record type, std::span<const u8> payload) {
    const abi::control::RecordHeader header{type, static_cast<u32>(payload.size())};
    serial_write(SerialPort::Control, {reinterpret_cast<const u8*>(&header), sizeof(header)});
    serial_write(SerialPort::Control, payload);
}

usize request_standard_input(std::span<u8> to) {
    if (!port_present[static_cast<usize>(SerialPort::Control)]) {
        return 0;
    }
    const u32 wanted = static_cast<u32>(to.size());
    send_record(abi::control::Record::StandardInput,
                {reinterpret_cast<const u8*>(&wanted), sizeof(wanted)});
    u32 count = 0;
    serial_read(SerialPort::Control, {reinterpret_cast<u8*>(&count), sizeof(count)});
    count = count < wanted ? count : wanted;
    serial_read(SerialPort::Control, to.first(count));
    return count;
}

}  // namespace ringfence::kernel::arch
