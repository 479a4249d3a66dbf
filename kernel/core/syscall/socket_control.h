// SPDX-License-Identifier: MIT
// Control messages: what travels beside the bytes of sendmsg and recvmsg. [linux/abi]: cmsg(3)
#pragma once

#include "kernel/core/socket/message.h"
#include "kernel/core/syscall/handlers.h"

namespace ringfence::kernel::syscalls {

/// The program's control messages at `control` become what `message` carries. Ebadf for a
/// descriptor that is not open, Eperm for credentials that are somebody else's.
Nothing read_control(Pointer control, u64 size, OutgoingMessage& message);

/// Tells the program what came with `message`, as much as `size` bytes at `control` hold, and gives
/// it descriptors for the files. The number of bytes written; what did not fit is lost and noted in
/// found_flags.
Value write_control(Pointer control, u64 size, IncomingMessage& message);

}  // namespace ringfence::kernel::syscalls
