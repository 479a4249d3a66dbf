// SPDX-License-Identifier: MIT
// The CPU as the core sees it: interrupts, time, random seed, the end of the machine.
#pragma once

#include "abi/ports.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

void enable_interrupts();
void disable_interrupts();
[[nodiscard]] bool interrupts_enabled();

/// Interrupts are off while it lives, and as they were before afterwards.
class InterruptGuard {
public:
    InterruptGuard() : were_enabled_(interrupts_enabled()) { disable_interrupts(); }
    ~InterruptGuard() {
        if (were_enabled_) {
            enable_interrupts();
        }
    }
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

private:
    bool were_enabled_;
};

/// Call with interrupts off: turns them on and halts, with no gap in which a wake-up could be lost;
/// after the interrupt has been handled, returns with interrupts off.
void wait_for_interrupt();

/// Nanoseconds since the kernel started; never goes back.
[[nodiscard]] u64 monotonic_ns();
/// Nanoseconds from the Unix epoch to the kernel's start, from the real-time clock (UTC assumed).
[[nodiscard]] u64 boot_time_ns();
/// handle_timer_tick comes this often, unless the command line says otherwise.
inline constexpr u64 timer_ticks_per_second = 250;

/// A number to seed random numbers with: from the CPU's generator where it has one, else from time.
[[nodiscard]] u64 random_seed();
/// As /proc/cpuinfo and AT_HWCAP want it: CPUID 1 EDX. [linux/abi]: getauxval(3)
[[nodiscard]] u64 hardware_capabilities();
/// AT_PLATFORM and uname's machine.
inline constexpr const char* machine_name = "x86_64";

/// Ends the machine.
[[noreturn]] void exit_machine(abi::MachineExit reason);

}  // namespace ringfence::kernel::arch
