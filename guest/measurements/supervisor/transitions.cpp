// SPDX-License-Identifier: MIT
#include "guest/measurements/supervisor/transitions.h"

#include <algorithm>

#include "arch/x86/apic.h"
#include "arch/x86/exception_vector.h"
#include "arch/x86/msr.h"
#include "arch/x86/pte_4level.h"
#include "guest/bare_metal/instructions.h"
#include "guest/measurements/supervisor/processor.h"

extern "C" {
ringfence::u64 time_nothing(void*);
ringfence::u64 time_syscall(void*);
ringfence::u64 time_sysret(void*);
ringfence::u64 time_iret(void*);
ringfence::u64 time_exception(void*);
ringfence::u64 time_page_fault(void*);
ringfence::u64 time_software_interrupt(void*);
ringfence::u64 time_interrupt(void*);
extern const ringfence::u8 landing_after_syscall[];
extern const ringfence::u8 landing_from_user[];
extern const ringfence::u8 landing_of_trap[];
extern const ringfence::u8 user_text[];
}

namespace ringfence::measurements {

namespace {

using arch::x86::ApicRegister;
using Pte = arch::x86::Pte4Level;

constexpr u64 user_text_address = 0x100'0000'0000;  // as transitions.S has it
constexpr unsigned software_vector = 0x80;
constexpr unsigned interrupt_vector = 0x90;

using Way = u64 (*)(void*);

/// The fewest cycles of some runs: the first bring code and tables into the caches.
template <typename Prepare>
u64 fewest_cycles(Way way, void* argument, Prepare prepare) {
    constexpr unsigned runs = 6;
    u64 fewest = ~u64{0};
    for (unsigned i = 0; i < runs; ++i) {
        prepare();
        fewest = std::min(fewest, way(argument));
    }
    return fewest;
}

Thousandths cost(Way way, void* argument = nullptr) {
    const auto nothing = [] {};
    return (fewest_cycles(way, argument, nothing) - fewest_cycles(time_nothing, nullptr, nothing)) *
           thousand;
}

volatile u32& apic(ApicRegister which) {
    const u64 base =
        bare_metal::read_msr(arch::x86::Msr::IA32_APIC_BASE) & arch::x86::ApicBase::frame.mask;
    return *reinterpret_cast<volatile u32*>(base + static_cast<u32>(which));
}

/// An interrupt to this processor waits, as interrupts are off.
void send_interrupt() {
    constexpr u32 to_self = 1;
    using Command = arch::x86::ApicInterruptCommand;
    apic(ApicRegister::EndOfInterrupt) = 0;
    apic(ApicRegister::InterruptCommandLow) =
        Command::shorthand.make(to_self) | Command::vector.make(interrupt_vector);
}

Thousandths interrupt_cost() {
    using Spurious = arch::x86::ApicSpuriousVector;
    constexpr u32 spurious_vector = 0xff;
    apic(ApicRegister::SpuriousVector) =
        Spurious::enabled.mask | Spurious::vector.make(spurious_vector);
    const u64 without = fewest_cycles(time_interrupt, nullptr, [] {});
    const u64 with = fewest_cycles(time_interrupt, nullptr, send_interrupt);
    apic(ApicRegister::EndOfInterrupt) = 0;
    return (with - without) * thousand;
}

}  // namespace

void run_transitions(AddressSpace& space, Report& report) {
    space.tables.map(user_text_address, reinterpret_cast<u64>(user_text), PageSize::Small,
                     Pte::user.mask | Pte::global.mask);
    set_syscall_target(landing_after_syscall);
    report.result("privileged.syscall", cost(time_syscall));
    set_syscall_target(landing_from_user);
    report.result("privileged.sysret", cost(time_sysret));
    report.result("privileged.iret", cost(time_iret));

    const u64 forbidden = space.take_part();
    space.tables.map(forbidden, space.zeros, PageSize::Small);
    space.tables.entry(forbidden) &= ~Pte::writable.mask;
    set_gate(static_cast<unsigned>(arch::x86::ExceptionVector::InvalidOpcode), landing_of_trap);
    set_gate(static_cast<unsigned>(arch::x86::ExceptionVector::PageFault), landing_of_trap);
    set_gate(software_vector, landing_of_trap);
    set_gate(interrupt_vector, landing_of_trap);
    report.result("privileged.exception", cost(time_exception));
    report.result("privileged.page_fault",
                  cost(time_page_fault, reinterpret_cast<void*>(forbidden)));
    report.result("privileged.interrupt.software", cost(time_software_interrupt));
    report.result("privileged.interrupt", interrupt_cost());
}

}  // namespace ringfence::measurements
