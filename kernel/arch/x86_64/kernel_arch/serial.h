// SPDX-License-Identifier: MIT
// The four serial ports of the contract with the host (abi/ports.h), polled.
#pragma once

#include <optional>
#include <span>

#include "abi/control_channel.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

enum class SerialPort : u8 { KernelLog, ProgramOutput, ProgramError, Control };

/// Waits until the port has taken all bytes.
void serial_write(SerialPort port, std::span<const u8> bytes);
/// Waits until all that the ports have taken is sent: a machine that ends may lose the rest.
void drain_serial_ports();
/// Waits until `bytes` is full.
void serial_read(SerialPort port, std::span<u8> bytes);

/// A byte that has come; nothing if none has.
[[nodiscard]] std::optional<u8> receive_byte(SerialPort port);

/// The size that the host has told since the last call; nothing if it has told none. Only where the
/// console is a terminal, as nothing else comes on the control port then.
[[nodiscard]] std::optional<abi::control::WindowSize> receive_window_size();

/// One record on the control channel: header and payload.
void send_record(abi::control::Record type, std::span<const u8> payload);
/// Asks the host for standard input; gives the number of bytes put into `to`, 0 at end of file.
/// `to` is 1 to 4096 bytes.
usize request_standard_input(std::span<u8> to);

}  // namespace ringfence::kernel::arch
