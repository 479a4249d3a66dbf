// SPDX-License-Identifier: MIT
// setsockopt and getsockopt.
#include <algorithm>

#include "kernel/core/syscall/socket_support.h"

namespace ringfence::kernel::syscalls {

Nothing setsockopt(i32 descriptor, u32 level, u32 name, Pointer value, i32 size) {
    if (size < 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    OptionValue wanted;
    RF_TRY(read_user_bytes(value, wanted.storage(static_cast<u32>(size))));
    return socket->set_option({OptionLevel{level}, name}, wanted);
}

Nothing getsockopt(i32 descriptor, u32 level, u32 name, Pointer value, Pointer size) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    RF_TRY_ASSIGN(room, read_user<i32>(size));
    if (room < 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(found, socket->option({OptionLevel{level}, name}));
    if (static_cast<u32>(room) < found.bytes().size() && !found.may_be_cut()) {
        return Error{Errno::Einval};
    }
    const auto told =
        found.bytes().first(std::min<usize>(static_cast<u32>(room), found.bytes().size()));
    RF_TRY(write_user_bytes(value, told));
    return write_user(size, static_cast<i32>(told.size()));
}

}  // namespace ringfence::kernel::syscalls
