// SPDX-License-Identifier: MIT
// What the host and the first process of a measured Linux (guest/linux/session.cpp) say to each
// other by the channel port (abi/ports.h). All numbers are little-endian.
//
//   mark Ready        the machine is booted and idle: whatever program comes, it is the same until
//                     here
//   host to guest     Job, then a cpio "newc" archive that is unpacked over the root: the program,
//                     its files and the boot files that name it (abi/boot_files.h)
//   mark Starts       then two system calls of this process: one that gives the ports back, and the
//                     program's execve
//   mark Ended        after two system calls too: wait4 has returned, and one that takes the ports
//   guest to host     Result, then the program's standard output and its standard error
//
// Then the machine ends with MachineExit::Finished. The first process of `ringfence boot`
// (guest/linux/init.cpp) takes a program in the same way; it has the console for the rest.
#pragma once

#include "base/types.h"

namespace ringfence::abi::linux_session {

struct Job {
    u64 archive_bytes;  ///< or `no_archive`
};

/// What the channel gives of itself when the host has nothing: the guest uses what it was booted
/// with.
inline constexpr u64 no_archive = ~u64{0};

struct Result {
    u32 exit_code;  ///< 0 to 255: the argument of exit_group
    u32 signal;     ///< 0, or the number of the signal that killed the process
    u32 failure;    ///< 0, or the errno of an execve that failed
    u32 isolated;   ///< 1: Linux says that it isolates page tables ("pti" in /proc/cpuinfo)
    u32 pcid;       ///< 1: it uses process-context identifiers ("pcid" there)
    u32 reserved;
    u64 output_bytes;
    u64 error_bytes;
    /// What Linux says of itself in /sys/devices/system/cpu/vulnerabilities/meltdown, without the
    /// line's end; NUL-terminated.
    char meltdown[64];
};
static_assert(sizeof(Result) == 104);

/// Where the program finds what an attacker is told (abi::boot_files::secret), as the files
/// secret_address and secret_length in this directory.
inline constexpr const char* facts_directory = "/run/ringfence";

}  // namespace ringfence::abi::linux_session
