// SPDX-License-Identifier: MIT
// What fcntl does for record locks.
#pragma once

#include "kernel/core/fs/file_locks.h"
#include "kernel/core/fs/open_file.h"
#include "kernel/core/syscall/handlers.h"

namespace ringfence::kernel::syscalls {

/// Answers in the program's `struct flock` which lock forbids the one that it holds.
Value get_lock(OpenFile& file, LockKind kind, Pointer lock);
/// Takes, changes or gives back a part of the file. Eagain if others forbid it and `wait` is false.
Value set_lock(i32 descriptor, LockKind kind, Pointer lock, bool wait);

}  // namespace ringfence::kernel::syscalls
