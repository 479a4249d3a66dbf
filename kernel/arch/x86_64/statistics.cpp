// SPDX-License-Identifier: MIT
#include "kernel_arch/statistics.h"

#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/entry_paths.h"

namespace ringfence::kernel::arch {

void read_statistics(abi::control::Statistics& statistics) {
    const EntryCounters& counted = entry_counters;
    statistics.system_calls = counted.system_calls;
    statistics.interrupts = counted.interrupts;
    statistics.page_faults = counted.page_faults;
    statistics.other_exceptions = counted.other_exceptions;
    statistics.context_switches = counted.thread_switches;
    statistics.root_writes = counted.root_writes + isolated_crossings();
}

}  // namespace ringfence::kernel::arch
