// SPDX-License-Identifier: MIT
// Operands of vector instructions, and how an operation on register values becomes a semantic
// function. In an Op of this group `dst` and `src` are numbers of vector registers, or slots where
// the operand is a general register.
#pragma once

#include "sim/isa/x86/binder.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/simd_lanes.h"
#include "sim/isa/x86/sse_environment.h"
#include "sim/isa/x86/system_checks.h"

namespace ringfence::sim::isa::x86 {

// Registers -----------------------------------------------------------------------------------

/// What an instruction must do before it touches registers of kind `V`: for MMX, report a pending
/// x87 error. [intel/vol3]: 13.1
template <typename V>
RF_ALWAYS_INLINE bool begin(Cpu& cpu) {
    if constexpr (sizeof(V) == sizeof(Mmx)) {
        if (RF_UNLIKELY(cpu.fpu.error_pending())) {
            return cpu.raise(cpu::ExceptionVector::X87FloatingPoint);
        }
    }
    return true;
}

/// An MMX instruction leaves the x87 stack with TOP = 0 and every register valid.
/// [intel/vol1]: 9.5.1
RF_ALWAYS_INLINE void enter_mmx_state(Cpu& cpu) {
    cpu.fpu.set_top(0);
    cpu.fpu.valid = 0xff;
}

template <typename V>
RF_ALWAYS_INLINE V read_register(const Cpu& cpu, u8 number) {
    if constexpr (sizeof(V) == sizeof(Ymm)) {
        return {.low = cpu.fpu.xmm[number], .high = cpu.fpu.upper[number]};
    } else if constexpr (sizeof(V) == sizeof(Xmm)) {
        return cpu.fpu.xmm[number];
    } else {
        return {cpu.fpu.registers[number].significand};
    }
}
/// What lies above an XMM register stays: legacy SSE instructions do not know of it.
/// Writing MMi sets the exponent and sign of its x87 register to ones.
template <typename V>
RF_ALWAYS_INLINE void write_register(Cpu& cpu, u8 number, V value) {
    if constexpr (sizeof(V) == sizeof(Xmm)) {
        cpu.fpu.xmm[number] = value;
    } else {
        cpu.fpu.registers[number] = {.significand = value.bits, .sign_exponent = 0xffff};
    }
}
/// To be called once per completed instruction that has operands of kind `V`.
template <typename V>
RF_ALWAYS_INLINE void end(Cpu& cpu) {
    if constexpr (sizeof(V) == sizeof(Mmx)) {
        enter_mmx_state(cpu);
    }
}

// Memory --------------------------------------------------------------------------------------

/// Whether a whole vector must be aligned to its size; a misaligned one raises #GP(0).
/// [intel/vol1]: 4.1.1, 14.9
enum class Alignment : u8 {
    Required,
    OnIntel,  ///< AMD's processors take any address
    Free,
};

template <typename M, Alignment alignment>
RF_ALWAYS_INLINE bool aligned(Cpu& cpu, const Op& op) {
    if constexpr (alignment != Alignment::Free && sizeof(M) >= sizeof(Xmm)) {
        if (RF_UNLIKELY(!linear_address(cpu, op).is_aligned(sizeof(M))) &&
            (alignment == Alignment::Required || !is_amd(cpu))) {
            return cpu.raise(cpu::ExceptionVector::GeneralProtection);
        }
    }
    return true;
}

template <typename M, Alignment alignment>
RF_ALWAYS_INLINE bool load_vector(Cpu& cpu, const Op& op, M& out) {
    return aligned<M, alignment>(cpu, op) && load(cpu, op, out);
}
template <typename M, Alignment alignment>
RF_ALWAYS_INLINE bool store_vector(Cpu& cpu, const Op& op, const M& value) {
    return aligned<M, alignment>(cpu, op) && store(cpu, op, value);
}

/// A memory operand of type `M`, zero-extended to a register value.
template <typename V, typename M>
RF_ALWAYS_INLINE V extend_to(M value) {
    if constexpr (std::is_same_v<V, M>) {
        return value;
    } else if constexpr (sizeof(V) == sizeof(Ymm)) {
        return {.low = extend_to<Xmm>(value), .high = {}};
    } else if constexpr (sizeof(V) == sizeof(Xmm)) {
        return {.low = value, .high = 0};
    } else {
        return {value};
    }
}
/// The low part of a register value.
template <typename M, typename V>
RF_ALWAYS_INLINE M truncate_to(V value) {
    if constexpr (std::is_same_v<V, M>) {
        return value;
    } else if constexpr (sizeof(V) == sizeof(Xmm)) {
        return static_cast<M>(value.low);
    } else {
        return static_cast<M>(value.bits);
    }
}

// Operations ----------------------------------------------------------------------------------

/// Merges raised exceptions into MXCSR; false, with #XM (or #UD without CR4.OSXMMEXCPT) pending, if
/// one of them is unmasked. [intel/vol1]: 11.5.4
RF_ALWAYS_INLINE bool retire(Cpu& cpu, const sse::FloatState& state) {
    cpu.fpu.mxcsr |= state.reported();
    if (RF_LIKELY(!state.faults())) {
        return true;
    }
    const bool enabled = arch::x86::Cr4::osxmmexcpt.test(cpu.cr4());
    return cpu.raise(enabled ? cpu::ExceptionVector::SimdFloatingPoint
                             : cpu::ExceptionVector::InvalidOpcode);
}

/// `out` = F(arguments), with the op's immediate or MXCSR's state where F takes one; false if a
/// floating point exception must be reported, and then `out` is as before.
template <auto F, typename R, typename... Arguments>
RF_ALWAYS_INLINE bool apply(Cpu& cpu, const Op& op, R& out, const Arguments&... arguments) {
    using Function = decltype(F);
    const u8 immediate = static_cast<u8>(op.immediate);
    if constexpr (std::is_invocable_v<Function, Arguments...>) {
        out = F(arguments...);
        return true;
    } else if constexpr (std::is_invocable_v<Function, Arguments..., u8>) {
        out = F(arguments..., immediate);
        return true;
    } else {
        sse::FloatState state(cpu.fpu.mxcsr);
        R result;
        if constexpr (std::is_invocable_v<Function, sse::FloatState&, Arguments...>) {
            result = F(state, arguments...);
        } else {
            result = F(state, arguments..., immediate);
        }
        if (RF_UNLIKELY(!retire(cpu, state))) {
            return false;
        }
        out = result;
        return true;
    }
}

/// dst = F(dst, src), both registers; `D` and `S` are their kinds.
template <auto F, typename D, typename S>
bool register_register(Cpu& cpu, const Op& op) {
    D value = read_register<D>(cpu, op.dst);
    if (!begin<D>(cpu) || !begin<S>(cpu) ||
        !apply<F>(cpu, op, value, value, read_register<S>(cpu, op.src))) {
        return false;
    }
    end<D>(cpu);
    end<S>(cpu);
    write_register(cpu, op.dst, value);
    return true;
}

/// dst = F(dst, memory), where the operand in memory has type `M`.
template <auto F, typename D, typename S, typename M, Alignment alignment>
bool register_memory(Cpu& cpu, const Op& op) {
    D value = read_register<D>(cpu, op.dst);
    M memory;
    if (!begin<D>(cpu) || !load_vector<M, alignment>(cpu, op, memory) ||
        !apply<F>(cpu, op, value, value, extend_to<S>(memory))) {
        return false;
    }
    end<D>(cpu);
    write_register(cpu, op.dst, value);
    return true;
}

/// memory = the low part of a register.
template <typename V, typename M, Alignment alignment>
bool memory_register(Cpu& cpu, const Op& op) {
    if (!begin<V>(cpu) ||
        !store_vector<M, alignment>(cpu, op, truncate_to<M>(read_register<V>(cpu, op.src)))) {
        return false;
    }
    end<V>(cpu);
    return true;
}

// Binders -------------------------------------------------------------------------------------

/// Whether operand `i` is a register of kind `V`, whose number goes to `number`.
template <typename V>
bool is_vector(const Instruction& instruction, unsigned i, u8& number) {
    constexpr ZydisRegister first = sizeof(V) == sizeof(Ymm)   ? ZYDIS_REGISTER_YMM0
                                    : sizeof(V) == sizeof(Xmm) ? ZYDIS_REGISTER_XMM0
                                                               : ZYDIS_REGISTER_MM0;
    constexpr int count = sizeof(V) >= sizeof(Xmm) ? 16 : 8;
    if (!instruction.is_register(i)) {
        return false;
    }
    const int index = instruction.operand(i).reg.value - first;
    if (index < 0 || index >= count) {
        return false;
    }
    number = static_cast<u8>(index);
    return true;
}

/// Takes the immediate of the last visible operand, if that is one.
inline void bind_immediate(const Instruction& instruction, OpBuilder& out) {
    const unsigned visible = instruction.info.operand_count_visible;
    if (visible != 0 && instruction.is_immediate(visible - 1U)) {
        const unsigned last = visible - 1U;
        out.op.immediate = static_cast<i32>(instruction.operand(last).imm.value.u);
    }
}

/// D reg, S reg/M mem [, imm8].
template <auto F, typename D, typename S = D, typename M = S,
          Alignment alignment = Alignment::Required>
bool bind_vector(const Instruction& instruction, OpBuilder& out) {
    if (!is_vector<D>(instruction, 0, out.op.dst)) {
        return false;
    }
    bind_immediate(instruction, out);
    if (instruction.is_memory(1)) {
        out.memory(instruction, 1);
        return out.straight<register_memory<F, D, S, M, alignment>>();
    }
    return is_vector<S>(instruction, 1, out.op.src) && out.straight<register_register<F, D, S>>();
}
/// The same for a register source only, or a memory source only.
template <auto F, typename D, typename S = D>
bool bind_registers(const Instruction& instruction, OpBuilder& out) {
    bind_immediate(instruction, out);
    return is_vector<D>(instruction, 0, out.op.dst) && is_vector<S>(instruction, 1, out.op.src) &&
           out.straight<register_register<F, D, S>>();
}
template <auto F, typename D, typename M, Alignment alignment = Alignment::Required>
bool bind_load(const Instruction& instruction, OpBuilder& out) {
    if (!is_vector<D>(instruction, 0, out.op.dst) || !instruction.is_memory(1)) {
        return false;
    }
    out.memory(instruction, 1);
    return out.straight<register_memory<F, D, D, M, alignment>>();
}

/// M mem, V reg.
template <typename V, typename M = V, Alignment alignment = Alignment::Required>
bool bind_store(const Instruction& instruction, OpBuilder& out) {
    if (!instruction.is_memory(0) || !is_vector<V>(instruction, 1, out.op.src)) {
        return false;
    }
    out.memory(instruction, 0);
    return out.straight<memory_register<V, M, alignment>>();
}

}  // namespace ringfence::sim::isa::x86
