// SPDX-License-Identifier: MIT
#include "kernel_arch/statistics.h"

#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/isolation.h"

namespace ringfence::kernel::arch {

void read_statistics(abi::control::Statistics& statistics) {
    const EntryCounters& counted = entry_counters;
    statistics.system_calls = counted.system_calls;
    statistics.interrupts = counted.interrupts;
    statistics.page_faults = counted.page_faults;
    statistics.other_exceptions = counted.other_exceptions;
    statistics.context_switches = counted.thread_switches;
    statistics.root_writes = counted.root_writes;
    if (isolation().enabled) {
        statistics.root_writes +=
            counted.entries_from_user + counted.exits_to_user + 2 * counted.paranoid_entries;
    }
}

}  // namespace ringfence::kernel::arch
