// SPDX-License-Identifier: MIT
// The local APIC: the periodic timer and the end of interrupts. [intel/vol3]: chapter 11
#pragma once

#include "base/types.h"

namespace ringfence::kernel::arch {

/// Maps and enables the APIC, silences the old interrupt controllers, finds the clock rates, starts
/// the clock and the timer's interrupts (`ticks_per_second` of them, delivered once interrupts are
/// on). Stops the kernel if the CPU has no local APIC.
void start_timer(u64 ticks_per_second);

/// Tells the APIC that the interrupt in service has been handled.
void end_of_interrupt();

}  // namespace ringfence::kernel::arch
