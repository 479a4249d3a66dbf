// SPDX-License-Identifier: MIT
// Runs programs on an unmodified Linux on the built-in machine, as builtin_backend.cpp does on
// Ringfence's own kernel.
#pragma once

#include <memory>

#include "lab/linux_guest/booted_linux.h"
#include "lab/machine/backend.h"

namespace ringfence::lab::linux_guest {

/// `kernel` outlives it. Requests name no kernel of their own; their command line is what tells the
/// designs apart. All mitigations but isolation are off unless the kernel's appended options say
/// otherwise. What is counted begins with the program's first instruction and ends when its parent
/// has been told of its end; only that is timed.
[[nodiscard]] std::unique_ptr<machine::MachineBackend> make_linux_backend(CpuSelection cpus,
                                                                          const LinuxKernel& kernel,
                                                                          Cache cache);

}  // namespace ringfence::lab::linux_guest
