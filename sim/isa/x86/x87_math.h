// SPDX-License-Identifier: MIT
// What the x87's mathematical functions share: special operands, exact and inexact results, and the
// frame of instructions with two operands.
#pragma once

#include "sim/isa/x86/fpu_wide.h"
#include "sim/isa/x86/x87_stack.h"

namespace ringfence::sim::isa::x86::x87 {

using soft_float::Kind;
using soft_float::u128;
using soft_float::Wide;

inline bool is_special(const Unpacked& a) {
    return a.is_nan() || a.is_unsupported();
}
inline Float80 infinity(bool sign) {
    return soft_float::infinity<Float80>(sign);
}
inline Float80 zero(bool sign) {
    return soft_float::zero<Float80>(sign);
}
inline Float80 invalid(Environment& environment) {
    return soft_float::invalid_operation<Float80>(environment);
}
inline Float80 nan_of(Environment& environment, const Unpacked& a, const Unpacked& b) {
    return soft_float::propagate_nan<Float80>(environment, a, b);
}
inline void note_denormals(Environment& environment, const Unpacked& a, const Unpacked& b) {
    if (a.denormal || b.denormal) {
        environment.raise(exception::denormal);
    }
}

/// A computed value: never exact, rounded to 64 bits whatever FCW.PC says.
inline Float80 round_inexact(Environment& environment, const Wide& value) {
    environment.precision = soft_float::Format<Float80>::precision;
    Wide inexact = value;
    inexact.significand |= 1;
    return soft_float::round_and_pack<Float80>(environment, inexact);
}

/// The 80-bit value, exactly.
inline Float80 pack_exact(Environment& environment, bool sign, i32 exponent, u128 value) {
    if (value == 0) {
        return zero(sign);
    }
    environment.precision = soft_float::Format<Float80>::precision;
    return soft_float::round_and_pack<Float80>(environment,
                                               soft_float::normalize(sign, exponent, value));
}

/// Whether the result replaces ST(1) and the stack is popped.
enum class Destination : u8 { Top, SecondAndPop };

template <auto F, Destination destination>
bool two_operands(Cpu& cpu, const Op& op) {
    constexpr bool pops = destination == Destination::SecondAndPop;
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    Float80 result = indefinite();
    if (fpu.is_empty(0) || fpu.is_empty(1)) {
        if (!stack_underflow(fpu)) {
            return true;
        }
    } else {
        Environment environment = environment_of(fpu);
        result = F(environment, unpack_st(fpu, environment, 0), unpack_st(fpu, environment, 1));
        if (!settle(fpu, environment)) {
            return true;
        }
    }
    set_st(fpu, pops ? 1 : 0, result);
    pop(fpu, pops ? 1 : 0);
    return true;
}

}  // namespace ringfence::sim::isa::x86::x87
