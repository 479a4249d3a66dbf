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

/// At most 4096 bytes that the kernel is to keep in its own memory, as a secret that no program is
/// ever given. Programs learn its address and length from /proc/ringfence.
inline constexpr const char* secret = "/.ringfence/secret";

}  // namespace ringfence::abi::boot_files
