// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/local_apic.h"

#include "arch/x86/apic.h"
#include "kernel/arch/x86_64/clock.h"
#include "kernel/arch/x86_64/descriptor_tables.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/kernel_tables.h"
#include "kernel/core/log/log.h"
#include "kernel_arch/cpu.h"

namespace ringfence::kernel::arch {

namespace {

using x86::ApicRegister;

VirtualAddress registers;

constexpr u32 divide_by_16 = 0b0011;
static_assert(x86::apic_timer_divisor(divide_by_16) == 16);

volatile u32& apic(ApicRegister which) {
    return *reinterpret_cast<volatile u32*>(registers.value() + static_cast<u32>(which));
}

/// The two 8259s stay masked: nothing is connected to them that the kernel uses. [intel/8259]
void mask_old_controllers() {
    constexpr u16 first_mask = 0x21;
    constexpr u16 second_mask = 0xa1;
    constexpr u8 all = 0xff;
    write_port(first_mask, all);
    write_port(second_mask, all);
}

void enable_apic() {
    const u64 base = read_msr(x86::Msr::IA32_APIC_BASE);
    registers = map_device(x86::ApicBase::address(base));
    write_msr(x86::Msr::IA32_APIC_BASE, base | x86::ApicBase::enabled.mask);
    apic(ApicRegister::LvtLint0) = x86::ApicLvt::masked.mask;
    apic(ApicRegister::SpuriousVector) = x86::ApicSpuriousVector::vector.make(spurious_vector) |
                                         x86::ApicSpuriousVector::enabled.mask;
}

/// The timer counts down from its highest value: as a counter that counts up.
u64 timer_counted() {
    return ~apic(ApicRegister::TimerCurrentCount);
}

/// A host that takes the CPU away in the middle makes a measurement too long, never too short: the
/// shortest of a few counts.
ClockRates measure_rates() {
    constexpr int tries = 4;
    apic(ApicRegister::TimerDivide) = divide_by_16;
    apic(ApicRegister::LvtTimer) = x86::ApicLvt::masked.mask;
    apic(ApicRegister::TimerInitialCount) = ~u32{0};
    Measurement best = measure_counters(timer_counted);
    for (int i = 1; i < tries; ++i) {
        const Measurement again = measure_counters(timer_counted);
        best = again.tsc < best.tsc ? again : best;
    }
    return {best.tsc * measurements_per_second,
            best.other * measurements_per_second * x86::apic_timer_divisor(divide_by_16)};
}

void start_periodic_timer(u64 rate, u64 ticks_per_second) {
    const u64 count = rate / x86::apic_timer_divisor(divide_by_16) / ticks_per_second;
    apic(ApicRegister::TimerDivide) = divide_by_16;
    apic(ApicRegister::LvtTimer) =
        x86::ApicLvt::vector.make(timer_vector) | x86::ApicLvt::timer_mode.make(1);
    apic(ApicRegister::TimerInitialCount) = count == 0 ? 1 : static_cast<u32>(count);
}

}  // namespace

void start_timer(u64 ticks_per_second) {
    if (!x86::has(ThisCpu{}, x86::cpuid_feature::apic)) {
        panic("this CPU has no local APIC, which the kernel needs for its timer");
    }
    mask_old_controllers();
    enable_apic();
    ClockRates rates = clock_rates_from_cpuid();
    const bool announced = rates.tsc != 0;
    if (!announced) {
        rates = measure_rates();
    }
    start_clock(rates.tsc);
    log("clock: TSC {} kHz, APIC timer {} kHz ({})", rates.tsc / 1000, rates.apic_timer / 1000,
        announced ? "from CPUID" : "measured");
    start_periodic_timer(rates.apic_timer, ticks_per_second);
}

void end_of_interrupt() {
    apic(ApicRegister::EndOfInterrupt) = 0;
}

}  // namespace ringfence::kernel::arch
