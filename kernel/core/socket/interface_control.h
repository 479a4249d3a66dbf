// SPDX-License-Identifier: MIT
// ioctl requests about network interfaces, of which there is one: lo. [linux/abi]: netdevice(7)
#pragma once

#include "kernel/core/errors.h"

namespace ringfence::kernel {

[[nodiscard]] bool is_interface_request(u32 request);
/// `argument`: the program's `struct ifreq` or `struct ifconf`. `with_addresses`: the request comes
/// by a socket of AF_INET, which alone is told IPv4's addresses; Enotty for the others, and for
/// what is not known.
Fallible<u64> control_interface(u32 request, u64 argument, bool with_addresses);

}  // namespace ringfence::kernel
