// SPDX-License-Identifier: MIT
// What socket calls have in common: sockets behind descriptors, and addresses in user memory.
#pragma once

#include "kernel/core/socket/socket.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

/// An open socket; the file keeps it alive while the call sleeps.
struct OpenSocket {
    Ref<OpenFile> file;
    Socket* socket;

    Socket* operator->() const { return socket; }
    [[nodiscard]] bool may_block(MessageFlags flags = {}) const {
        return file->may_block() && !flags.dont_wait();
    }
};
/// Ebadf or Enotsock if there is none.
Fallible<OpenSocket> socket_of(i32 descriptor);

/// The program's address of `size` bytes. Einval for sizes that no address has.
Fallible<SocketAddress> read_address(Pointer from, i32 size);
/// Tells the program an address: at most as many bytes as it has room for by `*size`, which then
/// gets the address's own size. Einval if it is negative.
Nothing write_address(const SocketAddress& address, Pointer to, Pointer size);

/// The flags of socket and accept4 beside the type: close-on-exec and non-blocking.
inline constexpr u32 descriptor_flags = open_bits::CloseOnExec::mask | open_bits::NonBlocking::mask;
/// A descriptor for `socket`, which is closed if there is none left.
Value add_socket(Ref<Socket> socket, u32 flags);

}  // namespace ringfence::kernel::syscalls
