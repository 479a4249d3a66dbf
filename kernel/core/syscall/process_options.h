// SPDX-License-Identifier: MIT
// Options of prctl that are made elsewhere than in process_options.cpp.
#pragma once

#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

// capabilities.cpp. `rest` is the arguments that must be 0, or'ed.

Value bounding_capability(u64 number);
Value drop_bounding_capability(u64 number);
Value keep_capabilities(u64 keep);
Value change_ambient_capabilities(u64 operation, u64 number, u64 rest);
Value security_bits();
Value set_security_bits(u64 bits);
Value forbid_new_privileges(u64 forbid, u64 rest);
Value forbids_new_privileges(u64 rest);

}  // namespace ringfence::kernel::syscalls
