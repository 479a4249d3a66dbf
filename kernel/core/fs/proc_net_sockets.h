// SPDX-License-Identifier: MIT
// The tables of /proc/net that list sockets of AF_INET and AF_INET6. [linux/abi]: proc(5)
#pragma once

#include "kernel/core/containers/string.h"
#include "kernel/core/errors.h"

namespace ringfence::kernel {

// As ProcEntry has them; the argument means nothing here.
Fallible<String> tcp_sockets(u32);
Fallible<String> tcp6_sockets(u32);
Fallible<String> udp_sockets(u32);
Fallible<String> udp6_sockets(u32);
Fallible<String> inet_socket_counts(u32);
Fallible<String> inet6_socket_counts(u32);

}  // namespace ringfence::kernel
