// SPDX-License-Identifier: MIT
// The way out of a bare-metal image: COM1, and the port that ends the machine.
#pragma once

#include "abi/ports.h"

namespace ringfence::bare_metal {

/// Writes one character to COM1, as soon as it takes one. [ns/16550]
void put(char letter);

[[noreturn]] void end_machine(abi::MachineExit reason);

}  // namespace ringfence::bare_metal
