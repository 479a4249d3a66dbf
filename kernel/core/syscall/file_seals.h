// SPDX-License-Identifier: MIT
// What fcntl does for seals.
#pragma once

#include "kernel/core/fs/open_file.h"
#include "kernel/core/syscall/handlers.h"

namespace ringfence::kernel::syscalls {

/// F_GET_SEALS. Einval for files that have none.
Value get_seals(const OpenFile& file);
/// F_ADD_SEALS. Einval likewise and for unknown ones; Eperm unless the file is open for writing and
/// may be sealed; Ebusy for Write while a mapping could be written.
Value add_seals(const OpenFile& file, u64 seals);

}  // namespace ringfence::kernel::syscalls
