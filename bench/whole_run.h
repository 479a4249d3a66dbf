// SPDX-License-Identifier: MIT
// Whole runs of the kernel: the built-in machine against QEMU, on the same image and program.
#pragma once

#include "bench/report.h"

namespace ringfence::bench {

/// Adds fast_vs_qemu_icount, fast_mips, timed_mips and boot_and_true_seconds. Each sample of the
/// ratio is one pair of runs, one on each machine, minus a pair that only boots. Throws what the
/// lab throws.
void measure_whole_runs(Report& report, unsigned pairs);

}  // namespace ringfence::bench
