// SPDX-License-Identifier: MIT
// PTEST and its like: flags by the bits that two vectors have in common. [intel/vol2]: PTEST,
// VTESTPS, VTESTPD
#pragma once

#include "sim/isa/x86/simd_integer.h"
#include "sim/isa/x86/simd_operands.h"

namespace ringfence::sim::isa::x86 {

/// What PTEST looks at of each 64 bits.
inline constexpr u64 all_bits = ~u64{0};

/// ZF: no common bit; CF: no bit of the source outside the destination; of the bits `looked_at`.
template <u64 looked_at>
void set_test_flags(Cpu& cpu, const Ymm& a, const Ymm& b) {
    constexpr Xmm mask{.low = looked_at, .high = looked_at};
    const auto none = [&](Xmm low, Xmm high) {
        return simd::pand(simd::por(low, high), mask) == Xmm{};
    };
    const bool zf = none(simd::pand(a.low, b.low), simd::pand(a.high, b.high));
    const bool cf = none(simd::pandn(a.low, b.low), simd::pandn(a.high, b.high));
    using arch::x86::Rflags;
    cpu.flags.load(Rflags::zf.make(zf ? 1 : 0) | Rflags::cf.make(cf ? 1 : 0));
}

template <typename V, u64 looked_at>
void test_registers(Cpu& cpu, const Op& op) {
    set_test_flags<looked_at>(cpu, extend_to<Ymm>(read_register<V>(cpu, op.dst)),
                              extend_to<Ymm>(read_register<V>(cpu, op.src)));
}
template <typename V, u64 looked_at, Alignment alignment>
bool test_memory(Cpu& cpu, const Op& op) {
    V source;
    if (!load_vector<V, alignment>(cpu, op, source)) {
        return false;
    }
    set_test_flags<looked_at>(cpu, extend_to<Ymm>(read_register<V>(cpu, op.dst)),
                              extend_to<Ymm>(source));
    return true;
}
/// V reg, V reg/mem.
template <typename V, u64 looked_at, Alignment alignment>
bool bind_test(const Instruction& instruction, OpBuilder& out) {
    if (!is_vector<V>(instruction, 0, out.op.dst)) {
        return false;
    }
    if (instruction.is_memory(1)) {
        out.memory(instruction, 1);
        return out.straight<test_memory<V, looked_at, alignment>>();
    }
    return is_vector<V>(instruction, 1, out.op.src) && out.straight<test_registers<V, looked_at>>();
}

}  // namespace ringfence::sim::isa::x86
