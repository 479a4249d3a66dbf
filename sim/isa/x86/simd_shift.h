// SPDX-License-Identifier: MIT
// Vector shifts: by a count in a register, in memory, or in the immediate. [intel/vol2]: PSLLW/D/Q,
// PSRLW/D/Q, PSRAW/D, PSLLDQ, PSRLDQ
#pragma once

#include "sim/isa/x86/simd_integer.h"
#include "sim/isa/x86/simd_operands.h"

namespace ringfence::sim::isa::x86 {

template <auto F, typename V>
V shift_by_source(V a, V b) {
    return F(a, simd::shift_count(b));
}

template <auto F, typename V>
bool shift_by_immediate(Cpu& cpu, const Op& op) {
    if (!begin<V>(cpu)) {
        return false;
    }
    end<V>(cpu);
    const u64 count = static_cast<u8>(op.immediate);
    write_register(cpu, op.dst, F(read_register<V>(cpu, op.dst), count));
    return true;
}

/// V reg, imm8.
template <auto F, typename V>
bool bind_shift_immediate(const Instruction& instruction, OpBuilder& out) {
    if (!is_vector<V>(instruction, 0, out.op.dst) || !instruction.is_immediate(1)) {
        return false;
    }
    bind_immediate(instruction, out);
    return out.straight<shift_by_immediate<F, V>>();
}

/// V reg, V reg/mem or imm8.
template <auto F, typename V>
bool bind_shift(const Instruction& instruction, OpBuilder& out) {
    return instruction.is_immediate(1) ? bind_shift_immediate<F, V>(instruction, out)
                                       : bind_vector<shift_by_source<F, V>, V>(instruction, out);
}

}  // namespace ringfence::sim::isa::x86
