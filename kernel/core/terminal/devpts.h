// SPDX-License-Identifier: MIT
// /dev/pts: a file for each pseudo-terminal whose master is open, named by its number.
// [linux/abi]: pts(4), Documentation/filesystems/devpts.rst
#pragma once

#include "kernel/core/terminal/pseudo_terminal.h"

namespace ringfence::kernel {

inline constexpr DeviceNumber devpts_device{0, 20};
/// The number of /dev/ptmx, whose every opening makes a pseudo-terminal.
inline constexpr DeviceNumber multiplexer_device{5, 2};

/// The directory that is mounted on /dev/pts; `parent` is the one above it.
[[nodiscard]] Ref<Inode> make_devpts(Ref<Inode> parent);

/// Makes a pseudo-terminal, with the lowest number that is free, and its file, which belongs to the
/// running process's user. Enospc, Enomem.
Fallible<Ref<PseudoTerminal>> add_pseudo_terminal();

/// How many there are, and how many there may be.
inline constexpr u32 largest_terminal_limit = 1048576;  ///< device numbers that there are
[[nodiscard]] u64 pseudo_terminal_count();
[[nodiscard]] u64 most_pseudo_terminals();
void set_most_pseudo_terminals(u64 count);

}  // namespace ringfence::kernel
