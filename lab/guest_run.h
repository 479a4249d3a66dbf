// SPDX-License-Identifier: MIT
// One run of a program: which design on which processor, and what came of it.
#pragma once

#include <string>

#include "lab/machine/backend.h"

namespace ringfence::lab {

/// Shared: the kernel is mapped in every process. Isolated: user mode has page tables of its own.
enum class Design { Shared, Isolated };
/// Whether the kernel may use process-context identifiers.
enum class Pcid { Allowed, Forbidden };

[[nodiscard]] std::string design_name(Design design);

/// The kernel's options for a design, in Linux's words. Without a seed the kernel is to stay at its
/// linked addresses: differences between runs are those of designs, not of places in caches and
/// TLBs, and its symbols name its addresses.
[[nodiscard]] std::string kernel_command_line(Design design, Pcid pcid,
                                              const std::string& kaslr_seed = {});

/// How the program ended, as a shell reports it: its status, or 128 + N for signal N.
[[nodiscard]] int shell_status(const abi::control::ExitStatus& exit);

/// Why the run gives no result of the program's, as one line: the kernel or the machine failed.
/// Empty when the program ran to its end or could not be started (GuestReport::start_failure).
[[nodiscard]] std::string machine_problem(const machine::MachineOutcome& outcome,
                                          const machine::GuestReport& report);

/// The last lines of a kernel's log, indented, to follow a machine problem; empty for an empty log.
[[nodiscard]] std::string log_tail(const std::string& kernel_log);

/// What the user should know of a run though it ended well, a line each: system calls that the
/// kernel does not have, instructions that the machine does not have.
[[nodiscard]] std::vector<std::string> shortcomings(const machine::MachineOutcome& outcome,
                                                    const machine::GuestReport& report);

/// The backend for a kind of machine, with the processors that requests name. Throws Failure::Usage
/// for processors that the machine cannot be.
[[nodiscard]] std::unique_ptr<machine::MachineBackend> make_backend(machine::MachineKind kind,
                                                                    CpuSelection cpus = {});

}  // namespace ringfence::lab
