// SPDX-License-Identifier: MIT
// The files of the initramfs (cpio "newc") by which the host tells the kernel which program to run.
// Each list is a sequence of NUL-terminated strings. Without the argument list the kernel runs the
// path of its `init=` option, as Linux does. /.ringfence is not visible to programs.
#pragma once

namespace ringfence::abi::boot_files {

inline constexpr const char* executable =
    "/.ringfence/executable";  ///< one string: absolute path in the guest
inline constexpr const char* arguments = "/.ringfence/arguments";      ///< argv, argv[0] included
inline constexpr const char* environment = "/.ringfence/environment";  ///< NAME=value each
inline constexpr const char* directory =
    "/.ringfence/directory";  ///< one string: the working directory

// What follows is for the first process of an unmodified Linux (guest/linux):

/// The program's standard input. Without it that is the console.
inline constexpr const char* input = "/.ringfence/input";
/// Exists if the console is to be an ordinary terminal: it echoes, and ends lines for one.
/// Otherwise a program's bytes go out as they are.
inline constexpr const char* terminal = "/.ringfence/terminal";
/// Exists if busybox's commands are to be in /bin under their own names.
inline constexpr const char* commands = "/.ringfence/commands";

/// At most 4096 bytes that the kernel is to keep in its own memory, as a secret that no program is
/// ever given. Programs learn its address and length from /proc/ringfence.
inline constexpr const char* secret = "/.ringfence/secret";

}  // namespace ringfence::abi::boot_files
