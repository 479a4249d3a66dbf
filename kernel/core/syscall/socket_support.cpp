// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/socket_support.h"

#include <algorithm>

#include "kernel/core/socket/socket_file.h"

namespace ringfence::kernel::syscalls {

Fallible<OpenSocket> socket_of(i32 descriptor) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    Socket* socket = socket_behind(*file);
    if (socket == nullptr) {
        return Error{file->flags().path_only() ? Errno::Ebadf : Errno::Enotsock};
    }
    return OpenSocket{file, socket};
}

Fallible<SocketAddress> read_address(Pointer from, i32 size) {
    if (size < 0 || static_cast<u32>(size) > SocketAddress::most_bytes) {
        return Error{Errno::Einval};
    }
    SocketAddress address;
    address.size = static_cast<u32>(size);
    RF_TRY(read_user_bytes(from, {address.bytes, address.size}));
    return address;
}

Nothing write_address(const SocketAddress& address, Pointer to, Pointer size) {
    RF_TRY_ASSIGN(room, read_user<i32>(size));
    if (room < 0) {
        return Error{Errno::Einval};
    }
    RF_TRY(
        write_user_bytes(to, address.used().first(std::min(static_cast<u32>(room), address.size))));
    return write_user(size, address.size);
}

Value add_socket(Ref<Socket> socket, u32 flags) {
    const OpenFlags open_flags{flags};
    return new_descriptor(make_socket_file(std::move(socket), open_flags),
                          open_flags.close_on_exec());
}

}  // namespace ringfence::kernel::syscalls
