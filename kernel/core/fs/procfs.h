// SPDX-License-Identifier: MIT
// /proc: what programs may read about the system and its processes. [linux/abi]: proc(5)
#pragma once

#include <optional>

#include "kernel/core/fs/inode.h"

namespace ringfence::kernel {

inline constexpr DeviceNumber proc_device{0, 5};

/// The directory that is mounted on /proc; `parent` is the directory above it.
[[nodiscard]] Ref<Inode> make_procfs(Ref<Inode> parent);

/// The process whose directory /proc/PID `inode` is, if it is one. There may be no such process by
/// now.
[[nodiscard]] std::optional<u32> process_of_directory(const Inode& inode);

/// What /proc/cmdline shows; the text must stay readable for ever.
void set_boot_command_line(std::string_view line);

}  // namespace ringfence::kernel
