// SPDX-License-Identifier: MIT
// The first program: what the boot files ask for, and what its end means.
#pragma once

#include <string_view>

#include "kernel/core/fs/inode.h"
#include "kernel/core/process/process.h"

namespace ringfence::kernel {

/// Starts it as process 2, a child of the kernel's own process 1. If it cannot be run the machine
/// ends with a RunFailed record.
void start_first_process(Ref<Inode> root, std::string_view command_line);
[[nodiscard]] bool is_first_process(const Process& process);
/// Reports how the first process ended, and ends the machine.
[[noreturn]] void finish_machine(const WaitStatus& status);

}  // namespace ringfence::kernel
