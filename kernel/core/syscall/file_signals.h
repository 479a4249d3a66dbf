// SPDX-License-Identifier: MIT
// What fcntl and ioctl do for the signals of files.
#pragma once

#include "kernel/core/fs/open_file.h"
#include "kernel/core/syscall/handlers.h"

namespace ringfence::kernel::syscalls {

/// F_SETOWN: a process, a group if negative, or nobody. Esrch; Einval for the number that has no
/// positive.
Value set_owner(OpenFile& file, i32 who);
/// F_GETOWN: 0 for nobody and for those that are gone.
[[nodiscard]] i32 owner_of(const OpenFile& file);
/// F_SETOWN_EX and F_GETOWN_EX, by a struct f_owner_ex.
Value set_kind_of_owner(OpenFile& file, Pointer owner);
Value get_kind_of_owner(const OpenFile& file, Pointer owner);
/// F_SETSIG: 0 for SIGIO. Einval for no signal.
Value set_signal(OpenFile& file, u64 signal);
/// F_GETSIG.
[[nodiscard]] u64 signal_of(const OpenFile& file);

/// O_ASYNC on or off, for files that send signals: signals name `descriptor`.
Nothing set_asynchronous(OpenFile& file, i32 descriptor, bool wanted);
/// FIOASYNC: the same by an i32 in memory; Enotty for other files.
Value control_asynchronous(OpenFile& file, i32 descriptor, Pointer argument);
/// FIOSETOWN and FIOGETOWN, by what `control_requests` calls them.
Value control_owner(OpenFile& file, u32 request, Pointer argument);

}  // namespace ringfence::kernel::syscalls
