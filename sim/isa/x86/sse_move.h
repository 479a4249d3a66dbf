// SPDX-License-Identifier: MIT
// What moves between XMM registers, their parts, general registers and memory mean, with and
// without VEX. [intel/vol2]: under each name
#pragma once

#include "sim/isa/x86/simd_operands.h"
#include "sim/isa/x86/simd_shuffle.h"
#include "sim/isa/x86/sse_arithmetic.h"

namespace ringfence::sim::isa::x86::sse {

inline u32 low_word(Xmm a) {
    return static_cast<u32>(a.low);
}
inline u64 low_half(Xmm a) {
    return a.low;
}
inline Xmm zero_extended(Xmm, u64 value) {
    return {.low = value, .high = 0};
}
/// MOVLPS, MOVHPS and MOVQ of what memory or a register holds in its low half.
inline Xmm into_low(Xmm a, Xmm b) {
    return {.low = b.low, .high = a.high};
}
inline Xmm into_high(Xmm a, Xmm b) {
    return {.low = a.low, .high = b.low};
}
inline Xmm low_half_only(Xmm, Xmm b) {
    return {.low = b.low, .high = 0};
}
inline Xmm merge_single(Xmm a, Xmm b) {
    return sse::with_lane0(a, sse::lane0<u32>(b));
}
inline u32 movmskps(Xmm a) {
    return static_cast<u32>(simd::sign_mask<i32>(a));
}
inline u32 movmskpd(Xmm a) {
    return static_cast<u32>(simd::sign_mask<i64>(a));
}
/// Lane imm8[7:6] of a register, or a single from memory. [intel/vol2]: INSERTPS
inline Xmm insertps(Xmm a, Xmm b, u8 imm) {
    return simd::insertps(a, lanes<u32>(b)[imm >> 6 & 3], imm);
}
inline Xmm insertps_memory(Xmm a, u64 value, u8 imm) {
    return simd::insertps(a, static_cast<u32>(value), imm);
}

/// MOVHPS and MOVHPD to memory.
inline bool store_high(Cpu& cpu, const Op& op) {
    return store(cpu, op, cpu.fpu.xmm[op.src].high);
}
inline bool bind_store_high(const Instruction& instruction, OpBuilder& out) {
    if (!instruction.is_memory(0) || !is_vector<Xmm>(instruction, 1, out.op.src)) {
        return false;
    }
    out.memory(instruction, 0);
    return out.straight<store_high>();
}

inline bool ldmxcsr(Cpu& cpu, const Op& op) {
    u32 value;
    if (!load(cpu, op, value)) {
        return false;
    }
    if ((value & ~cpu::mxcsr::writable) != 0) {
        return cpu.raise(cpu::ExceptionVector::GeneralProtection);
    }
    cpu.fpu.mxcsr = value;
    return true;
}
inline bool stmxcsr(Cpu& cpu, const Op& op) {
    return store(cpu, op, cpu.fpu.mxcsr);
}
template <auto semantics>
bool bind_mxcsr(const Instruction& instruction, OpBuilder& out) {
    out.memory(instruction, 0);
    return out.straight<semantics>();
}

}  // namespace ringfence::sim::isa::x86::sse
