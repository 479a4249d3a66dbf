// SPDX-License-Identifier: MIT
// Boot's part of the serial ports.
#pragma once

namespace ringfence::kernel::arch {

/// Finds the ports and sets them to 115200 8N1 with FIFOs. Writing to a port before this, or to one
/// that is not there, does nothing.
void set_up_serial_ports();

}  // namespace ringfence::kernel::arch
