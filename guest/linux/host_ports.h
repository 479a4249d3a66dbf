// SPDX-License-Identifier: MIT
// The ports by which the first process of a Linux guest speaks to the host.
#pragma once

#include <cstddef>

#include "abi/ports.h"

namespace linux_guest {

/// Writes a mark. The right to use ports is taken for a moment only: a program has not got it, and
/// no task pays for its bitmap.
void mark(ringfence::abi::ProgramMark which);

/// The same, but the right stays taken: `release_ports` gives it back.
void mark_and_keep_ports(ringfence::abi::ProgramMark which);
void release_ports();

/// Takes and gives bytes by the channel. The right is there.
void receive(void* into, std::size_t bytes);
void send(const void* from, std::size_t bytes);

/// Ends the machine with `status`.
[[noreturn]] void end_machine(unsigned status);

/// Says on standard error what failed, and why (errno).
void complain(const char* what);

}  // namespace linux_guest
