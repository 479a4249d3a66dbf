// SPDX-License-Identifier: MIT
// Exceptions and interrupts reach the guest's handlers through the IDT. [intel/vol3]: chapter 6
#pragma once

#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

/// The MMU's words for an exception in the processor's.
cpu::PendingException from_mmu(const mmu::Fault& fault);

/// Delivers an exception that the instruction at cpu.rip raised. If that fails, so does the double
/// fault, and then the processor shuts down: [intel/vol3]: 6.15, vector 8.
void deliver_exception(Cpu& cpu, const cpu::PendingException& exception);

/// The trap whose conditions are in cpu.due_debug: it comes after an instruction, or with a task.
void deliver_debug_trap(Cpu& cpu);
/// A maskable interrupt that was acknowledged with `vector`.
void deliver_interrupt(Cpu& cpu, u8 vector);
void deliver_nmi(Cpu& cpu);
/// An error that the hardware has corrected, and after which the program can go on
/// (McgStatus::ripv). Without CR4.MCE, or while another one is handled, the processor shuts down.
/// [intel/vol3]: 6.15, vector 18; 16.3.1.2
void deliver_machine_check(Cpu& cpu);

/// INT n, INT3 and INTO need a gate whose DPL lets them in; INT1 does not.
/// [intel/vol2]: INT n/INTO/INT3/INT1
enum class GateCheck : u8 { Dpl, None };

/// A software interrupt with `return_rip` behind it. False: cpu.pending holds the fault of the
/// instruction.
[[nodiscard]] bool deliver_software_interrupt(Cpu& cpu, u8 vector, u64 return_rip,
                                              GateCheck check = GateCheck::Dpl);

/// INT n of a virtual-8086 program that handles it itself.
[[nodiscard]] bool deliver_redirected_interrupt(Cpu& cpu, u8 vector, u64 return_rip);

}  // namespace ringfence::sim::isa::x86
