// SPDX-License-Identifier: MIT
// What the kernel tells the host about a run, on the control channel.
#pragma once

#include <string_view>

#include "kernel/core/process/process.h"

namespace ringfence::kernel {

void report_run_failed(std::string_view sentence);
void report_statistics();
void report_isolation();
void report_unknown_syscalls();
/// The files that programs looked for in vain.
void report_missing_files();
void report_exit_status(const WaitStatus& status);
/// Sends the user table of the running process if the command line asks for it; called before its
/// memory goes.
void report_user_table(Process& process);
void enable_user_table_reports();

}  // namespace ringfence::kernel
