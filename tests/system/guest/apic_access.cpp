// SPDX-License-Identifier: MIT
#include "tests/system/guest/apic_access.h"

#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {

using arch::x86::ExceptionVector;
using arch::x86::Msr;

Arrivals arrivals;
volatile unsigned arrived = 0;
void (*ends[256])() = {};

void note(TrapFrame& frame) {
    if (arrivals.count < Arrivals::most) {
        arrivals.vectors[arrivals.count++] = static_cast<u8>(frame.vector);
    }
    arrived = arrived + 1;
    ends[frame.vector]();
}

// A run in the supervisor takes one argument.
struct Write {
    u32 msr;
    u64 value;
};

void read_for(u64 msr) {
    (void)read_msr(static_cast<Msr>(msr));
}
void write_for(u64 argument) {
    const Write& write = *reinterpret_cast<const Write*>(argument);
    write_msr(static_cast<Msr>(write.msr), write.value);
}

}  // namespace

bool msr_read_faults(u32 msr) {
    const Trap trap = run_in_supervisor(reinterpret_cast<u64>(&read_for), msr);
    return trap.is(ExceptionVector::GeneralProtection) && trap.error_code == 0;
}

bool msr_write_faults(u32 msr, u64 value) {
    const Write write{msr, value};
    const Trap trap =
        run_in_supervisor(reinterpret_cast<u64>(&write_for), reinterpret_cast<u64>(&write));
    return trap.is(ExceptionVector::GeneralProtection) && trap.error_code == 0;
}

void watch(u64 vector, void (*end)()) {
    ends[vector] = end;
    set_handler(vector, note);
}

void end_in_page() {
    apic(ApicRegister::EndOfInterrupt) = 0;
}

void end_by_msr() {
    write_msr(static_cast<Msr>(arch::x86::x2apic_msr(ApicRegister::EndOfInterrupt)), 0);
}

Arrivals let_in(unsigned wanted) {
    arrivals = Arrivals{};
    arrived = 0;
    asm volatile("sti; nop; nop; nop; nop" : : : "memory");
    constexpr unsigned patience = 20'000'000;
    for (unsigned i = 0; arrived < wanted && i < patience; ++i) {
        asm volatile("pause");
    }
    asm volatile("cli" : : : "memory");
    return arrivals;
}

}  // namespace ringfence::system_test
