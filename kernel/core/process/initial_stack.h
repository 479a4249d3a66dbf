// SPDX-License-Identifier: MIT
// What a program finds on its stack when it starts: arguments, environment, auxiliary vector.
// [sysv/abi]: 3.4.1, [linux/abi]: getauxval(3)
#pragma once

#include "kernel/core/errors.h"
#include "kernel/core/process/credentials.h"
#include "kernel/core/process/exec.h"
#include "kernel/core/process/program_loader.h"

namespace ringfence::kernel {

struct StackContents {
    const ProgramRequest& request;
    const LoadedProgram& program;
    VirtualAddress interpreter_base;  ///< null for a static program
    VirtualAddress vdso;              ///< its ELF header
    const Credentials& credentials;
    VirtualAddress top;
};

/// Writes it below `top` in the active address space; gives the stack pointer, and notes in
/// `layout` where arguments and environment lie.
Fallible<VirtualAddress> build_initial_stack(const StackContents& contents, MemoryLayout& layout);

}  // namespace ringfence::kernel
