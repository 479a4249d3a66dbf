// SPDX-License-Identifier: MIT
// What getrusage and wait report. [linux/abi]: getrusage(2)
#pragma once

#include "kernel/core/process/process.h"

namespace ringfence::kernel {

/// `struct rusage` of 64-bit programs.
struct ResourceUsage {
    TimeValue user;
    TimeValue system;
    i64 most_resident_kib;
    i64 unused[3];
    i64 minor_faults;
    i64 major_faults;
    i64 unused_2[8];
};
static_assert(sizeof(ResourceUsage) == 144);

[[nodiscard]] ResourceUsage usage_of_process(Process& process);
[[nodiscard]] ResourceUsage usage_of_thread(Thread& thread);
/// Of the children that were waited for.
[[nodiscard]] ResourceUsage usage_of_children(const Process& process);
/// Of a child and its own children, as wait4 reports it.
[[nodiscard]] ResourceUsage usage_of_child(Process& child);

}  // namespace ringfence::kernel
