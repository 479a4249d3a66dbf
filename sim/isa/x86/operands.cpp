// SPDX-License-Identifier: MIT
#include "sim/isa/x86/operands.h"

#include "sim/isa/x86/event_delivery.h"

namespace ringfence::sim::isa::x86 {

using cpu::ExceptionVector;

bool memory_fault(Cpu& cpu, const Op& op) {
    cpu.pending = from_mmu(cpu.mmu.fault());
    // The operand's address was not canonical.
    if (op.stack_segment && cpu.pending.vector == ExceptionVector::GeneralProtection) {
        cpu.pending.vector = ExceptionVector::StackFault;
    }
    return false;
}

bool system_fault(Cpu& cpu) {
    cpu.pending = from_mmu(cpu.mmu.fault());
    return false;
}

}  // namespace ringfence::sim::isa::x86
