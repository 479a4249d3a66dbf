// SPDX-License-Identifier: MIT
// ioctl requests about network interfaces, of which there is one: lo. [linux/abi]: netdevice(7)
#pragma once

#include "kernel/core/errors.h"

namespace ringfence::kernel {

[[nodiscard]] bool is_interface_request(u32 request);
/// `argument`: the program's `struct ifreq` or `struct ifconf`.
Fallible<u64> control_interface(u32 request, u64 argument);

}  // namespace ringfence::kernel
