// SPDX-License-Identifier: MIT
// What every x87 instruction does around its arithmetic: the register stack, the exceptions and
// their masked responses, the pointers to the last instruction. [intel/vol1]: 8.1, 8.5
//
// An unmasked exception does not interrupt the instruction that finds it: it sets ES, and the next
// waiting instruction raises #MF (this processor behaves as with CR0.NE = 1; the external
// error reporting of the 8086 is not modelled). If it was found before the result was computed,
// registers, memory and stack stay as they were.
#pragma once

#include "sim/isa/x86/binder.h"
#include "sim/isa/x86/fpu_soft_float.h"
#include "sim/isa/x86/operands.h"

namespace ringfence::sim::isa::x86::x87 {

using cpu::Float80;
using cpu::FpuState;
using soft_float::Environment;
using soft_float::Rounding;
using soft_float::Unpacked;
namespace exception = soft_float::exception;
namespace status = cpu::x87_status;
namespace control = cpu::x87_control;

/// The control word's part in one instruction.
Environment environment_of(const FpuState& fpu);

/// Start of every waiting instruction: false, with #MF pending, if an error is to be reported.
RF_ALWAYS_INLINE bool begin(Cpu& cpu) {
    if (RF_UNLIKELY(cpu.fpu.error_pending())) {
        return cpu.raise(cpu::ExceptionVector::X87FloatingPoint);
    }
    return true;
}

/// Records the instruction that a later error report names. `op.immediate` holds the opcode.
void record(Cpu& cpu, const Op& op);
/// The same, with a memory operand.
void record_memory(Cpu& cpu, const Op& op);

/// The condition flags; C1 is set apart.
void set_condition(FpuState& fpu, unsigned c3, unsigned c2, unsigned c0);
void set_c1(FpuState& fpu, bool value);

/// Merges what `environment` raised into the status word, with C1 as its rounding says. Returns
/// whether the result may be stored: no unmasked exception was found before it was computed.
bool settle(FpuState& fpu, const Environment& environment);

/// Invalid by an empty source register. Returns whether it is masked, so that the instruction goes
/// on with the indefinite.
bool stack_underflow(FpuState& fpu);
/// Invalid by a push onto a register that is not empty.
bool stack_overflow(FpuState& fpu);

inline const Float80& st(const FpuState& fpu, unsigned i) {
    return fpu.registers[fpu.physical(i)];
}
/// Writes ST(i) and marks it valid.
inline void set_st(FpuState& fpu, unsigned i, const Float80& value) {
    const unsigned physical = fpu.physical(i);
    fpu.registers[physical] = value;
    fpu.valid = static_cast<u8>(fpu.valid | (1u << physical));
}
inline void set_empty(FpuState& fpu, unsigned i) {
    fpu.valid = static_cast<u8>(fpu.valid & ~(1u << fpu.physical(i)));
}
inline void pop(FpuState& fpu) {
    set_empty(fpu, 0);
    fpu.set_top((fpu.top() + 1) % 8);
}
inline void pop(FpuState& fpu, unsigned count) {
    for (; count != 0; --count) {
        pop(fpu);
    }
}
/// Pushes a value that was computed without an unmasked exception; an occupied register is a stack
/// overflow, and then the indefinite is pushed, or nothing.
void push(FpuState& fpu, const Float80& value);
/// Pushes whether or not the register was empty.
inline void push_unchecked(FpuState& fpu, const Float80& value) {
    fpu.set_top((fpu.top() + 7) % 8);
    set_st(fpu, 0, value);
}

inline Float80 indefinite() {
    return soft_float::indefinite<Float80>();
}
inline Unpacked unpack_st(const FpuState& fpu, const Environment& environment, unsigned i) {
    return soft_float::unpack(environment, st(fpu, i));
}

/// ST(0) = F(environment, ST(0)).
template <auto F>
bool on_top(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    if (fpu.is_empty(0)) {
        if (stack_underflow(fpu)) {
            set_st(fpu, 0, indefinite());
        }
        return true;
    }
    Environment environment = environment_of(fpu);
    const Float80 result = F(environment, st(fpu, 0));
    if (settle(fpu, environment)) {
        set_st(fpu, 0, result);
    }
    return true;
}

// Binders -------------------------------------------------------------------------------------

/// Whether operand `i` is ST(n); n goes to `number`.
bool is_st(const Instruction& instruction, unsigned i, u8& number);
/// Stores the opcode that FOP reports in `out.op.immediate`. To be called by every binder.
void bind_opcode(const Instruction& instruction, OpBuilder& out);

/// Instructions without operands.
template <auto semantics>
bool bind_plain(const Instruction& instruction, OpBuilder& out) {
    bind_opcode(instruction, out);
    return out.straight<semantics>();
}
/// ST(i) as the first visible operand, in `op.dst`.
template <auto semantics>
bool bind_register(const Instruction& instruction, OpBuilder& out) {
    bind_opcode(instruction, out);
    return is_st(instruction, 0, out.op.dst) && out.straight<semantics>();
}
/// ST(i), ST(j), in `op.dst` and `op.src`.
template <auto semantics>
bool bind_two_registers(const Instruction& instruction, OpBuilder& out) {
    bind_opcode(instruction, out);
    return is_st(instruction, 0, out.op.dst) && is_st(instruction, 1, out.op.src) &&
           out.straight<semantics>();
}
/// A memory operand of `bytes` as the first one.
template <auto semantics, unsigned bytes>
bool bind_memory(const Instruction& instruction, OpBuilder& out) {
    if (!instruction.is_memory(0) || instruction.size(0) != bytes) {
        return false;
    }
    bind_opcode(instruction, out);
    out.memory(instruction, 0);
    return out.straight<semantics>();
}

/// The parts of x87_rows(); each is in the file of that name.
std::span<const BinderRow> arithmetic_rows();
std::span<const BinderRow> compare_rows();
std::span<const BinderRow> transfer_rows();
std::span<const BinderRow> math_rows();
std::span<const BinderRow> transcendental_rows();

}  // namespace ringfence::sim::isa::x86::x87
