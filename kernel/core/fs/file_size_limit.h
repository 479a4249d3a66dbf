// SPDX-License-Identifier: MIT
// How large the running process may make files. [linux/abi]: getrlimit(2), RLIMIT_FSIZE
#pragma once

#include "kernel/core/errors.h"

namespace ringfence::kernel {

/// How many of `size` bytes may be written at `offset`. Efbig and SIGXFSZ if that is none.
Fallible<u64> within_file_size_limit(u64 offset, u64 size);
/// The same if a file may not grow to `size`.
Fallible<void> check_file_growth(u64 size);

}  // namespace ringfence::kernel
