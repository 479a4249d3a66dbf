// SPDX-License-Identifier: MIT
// Replacing a process's program. [linux/abi]: execve(2)
#pragma once

#include "kernel/core/containers/string.h"
#include "kernel/core/containers/vector.h"
#include "kernel/core/errors.h"
#include "kernel/core/process/process.h"
#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel {

struct ProgramRequest {
    String path;           ///< as given: for AT_EXECFN and for scripts
    Ref<Inode> file;       ///< what `path` names
    String absolute_path;  ///< for /proc/PID/exe
    Vector<String> arguments;
    Vector<String> environment;
};

/// Why a program could not be started: the errno, and a sentence about it.
struct ExecFailure {
    Errno reason;
    String explanation;
};

/// The failure of ExecutedFile::take. `called` is how its text names `file`.
[[nodiscard]] ExecFailure not_to_be_run(const Inode& file, std::string_view called, Errno reason);

/// Makes the running thread the only one of its process and `request` its program; `frame` becomes
/// the new program's first registers. On failure nothing has changed. A failure after the point of
/// no return kills the process.
Result<void, ExecFailure> execute(ProgramRequest request, arch::TrapFrame& frame);

}  // namespace ringfence::kernel
