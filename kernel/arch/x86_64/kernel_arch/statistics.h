// SPDX-License-Identifier: MIT
// Counts of kernel entries and root writes, kept by the entry code and the address spaces.
#pragma once

#include "abi/control_channel.h"

namespace ringfence::kernel::arch {

/// Fills system_calls, interrupts, page_faults, other_exceptions, context_switches (address and
/// thread switches done by switch_threads) and root_writes; the rest is left alone.
void read_statistics(abi::control::Statistics& statistics);

}  // namespace ringfence::kernel::arch
