// SPDX-License-Identifier: MIT
#include "kernel_arch/cpu.h"
#include "kernel_arch/serial.h"

#include "arch/x86/rflags.h"
#include "kernel/arch/x86_64/instructions.h"

namespace ringfence::kernel::arch {

void enable_interrupts() {
    asm volatile("sti" ::: "memory");
}

void disable_interrupts() {
    asm volatile("cli" ::: "memory");
}

bool interrupts_enabled() {
    u64 flags;
    asm volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    return x86::Rflags::interrupt.test(flags);
}

/// STI takes effect after the instruction that follows it. [intel/vol2]: STI
void wait_for_interrupt() {
    asm volatile("sti; hlt; cli" ::: "memory");
}

u64 random_seed() {
    u64 value = 0;
    if (x86::has(ThisCpu{}, x86::cpuid_feature::rdrand)) {
        constexpr int tries = 10;  // [intel/vol1]: 7.3.17.1
        for (int i = 0; i < tries; ++i) {
            if (read_random(value)) {
                return value;
            }
        }
    }
    return read_tsc() ^ boot_time_ns();
}

u64 hardware_capabilities() {
    return ThisCpu{}.cpuid(x86::cpuid_features, 0).edx;
}

void exit_machine(abi::MachineExit reason) {
    disable_interrupts();
    drain_serial_ports();
    write_port_32(abi::debug_exit_port, static_cast<u32>(reason));
    for (;;) {
        asm volatile("hlt");
    }
}

}  // namespace ringfence::kernel::arch
