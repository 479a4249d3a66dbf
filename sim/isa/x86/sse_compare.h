// SPDX-License-Identifier: MIT
// COMISS and its like, with and without VEX. [intel/vol2]: COMISS, COMISD, UCOMISS, UCOMISD
#pragma once

#include "sim/isa/x86/simd_operands.h"
#include "sim/isa/x86/sse_arithmetic.h"

namespace ringfence::sim::isa::x86::sse {

/// ZF, PF and CF tell the ordering, the other flags are cleared.
template <typename Bits, QuietNans quiet>
bool set_ordering(Cpu& cpu, Bits a, Bits b) {
    FloatState state(cpu.fpu.mxcsr);
    const Ordering ordering = order(state, a, b, quiet);
    if (!retire(cpu, state)) {
        return false;
    }
    using arch::x86::Rflags;
    const bool unordered = ordering == Ordering::Unordered;
    cpu.flags.load(Rflags::zf.make(unordered || ordering == Ordering::Equal ? 1 : 0) |
                   Rflags::pf.make(unordered ? 1 : 0) |
                   Rflags::cf.make(unordered || ordering == Ordering::Less ? 1 : 0));
    return true;
}
template <typename Bits, QuietNans quiet>
bool comis_register(Cpu& cpu, const Op& op) {
    return set_ordering<Bits, quiet>(cpu, lane0<Bits>(cpu.fpu.xmm[op.dst]),
                                     lane0<Bits>(cpu.fpu.xmm[op.src]));
}
template <typename Bits, QuietNans quiet>
bool comis_memory(Cpu& cpu, const Op& op) {
    Bits b;
    return load(cpu, op, b) && set_ordering<Bits, quiet>(cpu, lane0<Bits>(cpu.fpu.xmm[op.dst]), b);
}
template <typename Bits, QuietNans quiet>
bool bind_comis(const Instruction& instruction, OpBuilder& out) {
    if (!is_vector<Xmm>(instruction, 0, out.op.dst)) {
        return false;
    }
    if (instruction.is_memory(1)) {
        out.memory(instruction, 1);
        return out.straight<comis_memory<Bits, quiet>>();
    }
    return is_vector<Xmm>(instruction, 1, out.op.src) &&
           out.straight<comis_register<Bits, quiet>>();
}

}  // namespace ringfence::sim::isa::x86::sse
