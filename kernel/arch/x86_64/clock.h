// SPDX-License-Identifier: MIT
// Time: the time-stamp counter, its frequency, and the real-time clock.
#pragma once

#include "base/types.h"

namespace ringfence::kernel::arch {

/// Frequencies in Hz.
struct ClockRates {
    u64 tsc;
    u64 apic_timer;  ///< input of the divider
};

/// What CPUID 15H and 16H say, or zeros. [intel/vol2]: CPUID, "Time Stamp Counter and Nominal Core
/// Crystal Clock"; the local APIC's timer counts the crystal: [intel/vol3]: 11.5.4
[[nodiscard]] ClockRates clock_rates_from_cpuid();

/// Counts the TSC for a millisecond of the interval timer's channel 2, and gives its rate. `begin`
/// and `end` are called at both ends, so that another counter can be read. [intel/8254]
[[nodiscard]] u64 measure_tsc(void (*begin)(), void (*end)());
inline constexpr u64 measurements_per_second = 1000;

/// Starts monotonic_ns at 0 and reads the real-time clock.
void start_clock(u64 tsc_rate);

}  // namespace ringfence::kernel::arch
