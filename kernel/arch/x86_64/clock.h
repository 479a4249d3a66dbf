// SPDX-License-Identifier: MIT
// Time: the time-stamp counter, its frequency, and the real-time clock.
#pragma once

#include "base/types.h"
#include "kernel/arch/x86_64/vdso/clock_page.h"

namespace ringfence::kernel::arch {

/// Frequencies in Hz.
struct ClockRates {
    u64 tsc;
    u64 apic_timer;  ///< input of the divider
};

/// What CPUID 15H and 16H say, or zeros. [intel/vol2]: CPUID, "Time Stamp Counter and Nominal Core
/// Crystal Clock"; the local APIC's timer counts the crystal: [intel/vol3]: 11.5.4
[[nodiscard]] ClockRates clock_rates_from_cpuid();

/// The TSC's and another counter's advance over a quarter of a millisecond of the interval timer's
/// channel 2. [intel/8254]
struct Measurement {
    u64 tsc;
    u64 other;
};
/// `read_other` gives a counter that counts up.
[[nodiscard]] Measurement measure_counters(u64 (*read_other)());
inline constexpr u64 measurements_per_second = 4000;

/// Starts monotonic_ns at 0 and reads the real-time clock. `rate` is the TSC's, in Hz.
void start_clock(u64 rate);
/// What monotonic_ns and programs compute the time from.
[[nodiscard]] const ClockPage& clock_page();
/// What start_clock was given.
[[nodiscard]] u64 tsc_rate();

}  // namespace ringfence::kernel::arch
