// SPDX-License-Identifier: MIT
// The local APIC's registers, and which interrupts of it arrive.
#pragma once

#include "arch/x86/apic.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "tests/system/guest/instructions.h"

namespace ringfence::system_test {

using arch::x86::ApicRegister;

/// Where the register page is, without IA32_APIC_BASE having been written.
inline constexpr u64 apic_page = arch::x86::ApicBase::reset_address().value();

/// A register of the page; any multiple of 16, so that reserved ones can be tried.
inline volatile u32& apic(u64 offset) {
    return *reinterpret_cast<volatile u32*>(apic_page + offset);
}
inline volatile u32& apic(ApicRegister which) {
    return apic(static_cast<u64>(which));
}

/// Commands without a destination go to the processor itself by shorthand.
inline constexpr u32 to_self = arch::x86::ApicInterruptCommand::assert.mask |
                               arch::x86::ApicInterruptCommand::shorthand.make(static_cast<u32>(
                                   arch::x86::ApicInterruptCommand::Shorthand::Self));
inline void send_command(u32 destination, u32 low) {
    apic(ApicRegister::InterruptCommandHigh) = arch::x86::XapicDestination::make(destination);
    apic(ApicRegister::InterruptCommandLow) = low;
}
inline void send_to_self(u64 vector) {
    send_command(0, to_self | static_cast<u32>(vector));
}
inline void send_nmi_to_self() {
    send_command(0, to_self | arch::x86::ApicInterruptCommand::delivery_mode.make(
                                  static_cast<u32>(arch::x86::ApicDeliveryMode::Nmi)));
}

inline u64 read_cr8() {
    u64 value;
    asm volatile("mov %%cr8, %0" : "=r"(value));
    return value;
}
inline void write_cr8(u64 value) {
    asm volatile("mov %0, %%cr8" : : "r"(value) : "memory");
}
inline u64 read_time_stamp() {
    u32 low;
    u32 high;
    asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return low | u64{high} << 32;
}

/// Whether RDMSR or WRMSR of this register raises #GP(0).
bool msr_read_faults(u32 msr);
bool msr_write_faults(u32 msr, u64 value);

/// Vectors in the order in which they arrived.
struct Arrivals {
    static constexpr unsigned most = 8;
    unsigned count = 0;
    u8 vectors[most] = {};

    [[nodiscard]] bool are(u64 only) const { return count == 1 && vectors[0] == only; }
};

/// Notes the interrupts of this vector from now on and ends them by `end`.
void watch(u64 vector, void (*end)());
/// Ends an interrupt in xAPIC or x2APIC mode.
void end_in_page();
void end_by_msr();
/// Lets interrupts in for a moment, or until `wanted` have come (but not for ever), and tells
/// which came.
Arrivals let_in(unsigned wanted = 0);

}  // namespace ringfence::system_test
