// SPDX-License-Identifier: MIT
// The ioctl requests that the core knows. [linux/abi]: include/uapi/asm-generic/ioctls.h
#pragma once

#include "base/types.h"

namespace ringfence::kernel::control_requests {

inline constexpr u32 bytes_unsent = 21521;         ///< SIOCOUTQ, TIOCOUTQ
inline constexpr u32 bytes_readable = 21531;       ///< FIONREAD, SIOCINQ, TIOCINQ
inline constexpr u32 set_non_blocking = 21537;     ///< FIONBIO
inline constexpr u32 set_asynchronous = 21586;     ///< FIOASYNC
inline constexpr u32 clear_close_on_exec = 21584;  ///< FIONCLEX
inline constexpr u32 set_close_on_exec = 21585;    ///< FIOCLEX
// Of sockets alone. [linux/abi]: include/uapi/asm-generic/sockios.h
inline constexpr u32 set_owner = 35073;        ///< FIOSETOWN
inline constexpr u32 set_owner_group = 35074;  ///< SIOCSPGRP, the same
inline constexpr u32 get_owner = 35075;        ///< FIOGETOWN
inline constexpr u32 get_owner_group = 35076;  ///< SIOCGPGRP, the same

}  // namespace ringfence::kernel::control_requests
