// SPDX-License-Identifier: MIT
// What many system calls begin with.
#pragma once

#include "kernel/core/fs/open_file.h"
#include "kernel/core/fs/path.h"
#include "kernel/core/process/current_place.h"
#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/syscall/handlers.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel::syscalls {

inline constexpr i32 at_working_directory = -100;  // AT_FDCWD
/// Most bytes that one read or write moves. [linux/abi]: MAX_RW_COUNT
inline constexpr u64 most_transfer = 2 * gib - page_size;

/// The flags of the *at calls. [linux/abi]: include/uapi/linux/fcntl.h
namespace at_bits {
using NoFollow = Flag<8, u32>;
using RemoveDirectory = Flag<9, u32>;  ///< unlinkat
using EffectiveAccess = Flag<9, u32>;  ///< faccessat2
using Follow = Flag<10, u32>;          ///< linkat
using NoAutomount = Flag<11, u32>;
using EmptyPath = Flag<12, u32>;
}  // namespace at_bits

[[nodiscard]] inline Fallible<Ref<OpenFile>> file_of(i32 descriptor) {
    return current_process().files->get(descriptor);
}
/// A descriptor that is open for reading (writing), else Ebadf.
Fallible<Ref<OpenFile>> readable_file(i32 descriptor);
Fallible<Ref<OpenFile>> writable_file(i32 descriptor);
/// Gives `file` the lowest free descriptor.
Fallible<u64> new_descriptor(Ref<OpenFile> file, bool close_on_exec);

/// The file that the program's string at `path` names. Empty strings are Enoent unless `flags`
/// has AT_EMPTY_PATH, which means the descriptor itself.
Fallible<Ref<Inode>> file_at(i32 directory, Pointer path, u32 flags = 0);
/// The place that the program's string at `path` names, to make or remove something there.
Fallible<Place> place_at(i32 directory, Pointer path, FinalLink link = FinalLink::Keep);
/// Eacces unless the process may do `wanted` to the file.
Fallible<void> check_access(const Inode& inode, Access wanted);
/// Gives a file another size; what programs have mapped of a part that is cut off goes.
Fallible<void> resize_mapped(Inode& inode, u64 size);
/// Gives the process a file table of its own. Enomem.
Nothing unshare_files(Process& process);
/// The process called `id`, 0 being the caller's; Esrch if there is none.
Fallible<Process*> process_called(i32 id);

}  // namespace ringfence::kernel::syscalls
