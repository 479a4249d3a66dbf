// SPDX-License-Identifier: MIT
// Names of AF_UNIX sockets: files, or strings in a space of their own. [linux/abi]: unix(7)
#pragma once

#include "kernel/core/containers/ref.h"
#include "kernel/core/containers/string.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/inode.h"
#include "kernel/core/socket/address.h"

namespace ringfence::kernel {

class UnixSocket;

/// A name as bind gave it. Empty for a socket without one.
struct UnixName {
    String text;         ///< the path, or an abstract name with its leading NUL
    Ref<Inode> inode{};  ///< what the path leads to

    [[nodiscard]] bool empty() const { return text.empty(); }
    [[nodiscard]] SocketAddress address() const;
};

/// The text in `address`; empty if it asks for no name in particular. Einval if it is malformed.
Fallible<String> unix_name_text(const SocketAddress& address);
/// Gives `socket` a name: a file for a path, an unused abstract name for empty text. Eaddrinuse if
/// the name is taken, Einval if the socket has one already.
Fallible<UnixName> make_unix_name(const UnixSocket& socket, const String& text);
/// The bound socket that the running process reaches under `text` with a socket like `from`.
/// Econnrefused if there is none, Eprototype if it is of another type, Eacces and the errors of
/// paths as Linux has them.
Fallible<Ref<UnixSocket>> find_unix_socket(const UnixSocket& from, const String& text);

/// Bound sockets enter the list of those that can be found, and leave it when they are closed.
void publish_unix_socket(UnixSocket& socket);

}  // namespace ringfence::kernel
