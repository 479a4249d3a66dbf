// SPDX-License-Identifier: MIT
// VEX-encoded vector instructions: a destination beside the sources, 128 or 256 bits, no alignment,
// and zeroes above what is written. An operation on XMM registers, as SSE has it, is made one on
// YMM registers here, and both are bound to one row. [intel/vol1]: 14.1; [intel/vol2]: 2.3
//
// In an Op of this group `dst` is the destination, `extra` the first source and `src` the second.
#pragma once

#include <type_traits>

#include "sim/isa/x86/simd_transfer.h"

namespace ringfence::sim::isa::x86::avx {

using sse::FloatState;

/// Writes all of a vector register. [intel/vol1]: 14.1.3
RF_ALWAYS_INLINE void write_whole(Cpu& cpu, u8 number, const Xmm& value) {
    cpu.fpu.xmm[number] = value;
    cpu.fpu.upper[number] = {};
}
RF_ALWAYS_INLINE void write_whole(Cpu& cpu, u8 number, const Ymm& value) {
    cpu.fpu.xmm[number] = value.low;
    cpu.fpu.upper[number] = value.high;
}

// From 128 to 256 bits ------------------------------------------------------------------------

/// The operation `F` of XMM registers on both halves of YMM registers. `immediate_step` is how far
/// the immediate's bits for the upper half lie above those for the lower one.
template <auto F, unsigned immediate_step = 0>
struct Halves {
    using Function = decltype(F);
    static constexpr u8 upper(u8 imm) { return static_cast<u8>(imm >> immediate_step); }

    Ymm operator()(const Ymm& a, const Ymm& b) const
        requires std::is_invocable_v<Function, Xmm, Xmm>
    {
        return {.low = F(a.low, b.low), .high = F(a.high, b.high)};
    }
    Ymm operator()(const Ymm& a, const Ymm& b, u8 imm) const
        requires std::is_invocable_v<Function, Xmm, Xmm, u8>
    {
        return {.low = F(a.low, b.low, imm), .high = F(a.high, b.high, upper(imm))};
    }
    Ymm operator()(FloatState& state, const Ymm& a, const Ymm& b) const
        requires std::is_invocable_v<Function, FloatState&, Xmm, Xmm>
    {
        return {.low = F(state, a.low, b.low), .high = F(state, a.high, b.high)};
    }
    Ymm operator()(FloatState& state, const Ymm& a, const Ymm& b, u8 imm) const
        requires std::is_invocable_v<Function, FloatState&, Xmm, Xmm, u8>
    {
        return {.low = F(state, a.low, b.low, imm), .high = F(state, a.high, b.high, upper(imm))};
    }
    /// Three sources: a blend by a mask, or a fused multiplication and addition.
    Ymm operator()(const Ymm& a, const Ymm& b, const Ymm& c) const
        requires std::is_invocable_v<Function, Xmm, Xmm, Xmm>
    {
        return {.low = F(a.low, b.low, c.low), .high = F(a.high, b.high, c.high)};
    }
    Ymm operator()(FloatState& state, const Ymm& a, const Ymm& b, const Ymm& c) const
        requires std::is_invocable_v<Function, FloatState&, Xmm, Xmm, Xmm>
    {
        return {.low = F(state, a.low, b.low, c.low), .high = F(state, a.high, b.high, c.high)};
    }
};

/// `F` with the one second operand for both halves: shifts by a count in an XMM register.
template <auto F>
Ymm shared_source(Ymm a, Xmm b) {
    return {.low = F(a.low, b), .high = F(a.high, b)};
}

// Semantic functions --------------------------------------------------------------------------

/// dst = F(first, second), where the destination and the first source are registers of kind `D`.
template <auto F, typename D, typename S>
RF_ALWAYS_INLINE bool combine(Cpu& cpu, const Op& op, const S& second) {
    D result;
    if (!apply<F>(cpu, op, result, read_register<D>(cpu, op.extra), second)) {
        return false;
    }
    write_whole(cpu, op.dst, result);
    return true;
}

/// The second source is a vector register of kind `S`, or memory of type `M`.
template <auto F, typename D, typename S>
bool two_registers(Cpu& cpu, const Op& op) {
    return combine<F, D>(cpu, op, read_register<S>(cpu, op.src));
}
template <auto F, typename D, typename S, typename M, Alignment alignment>
bool register_and_memory(Cpu& cpu, const Op& op) {
    M memory;
    return load_vector<M, alignment>(cpu, op, memory) &&
           combine<F, D>(cpu, op, extend_to<S>(memory));
}
/// It is a general register of type `Word`, or as much memory.
template <auto F, typename Word>
bool register_and_general(Cpu& cpu, const Op& op) {
    return combine<F, Xmm>(cpu, op, u64{cpu.gpr.get<Word>(op.src)});
}
template <auto F, typename Word>
bool register_and_word(Cpu& cpu, const Op& op) {
    Word memory;
    return load(cpu, op, memory) && combine<F, Xmm>(cpu, op, u64{memory});
}

/// memory = F(vector [, imm8]). MXCSR stays as it is if memory cannot be written.
template <auto F, typename S, typename M>
bool to_memory(Cpu& cpu, const Op& op) {
    M result;
    if (!cpu.mmu.probe_write(linear_address(cpu, op), sizeof(M))) {
        return memory_fault(cpu, op);
    }
    return apply<F>(cpu, op, result, read_register<S>(cpu, op.src)) && store(cpu, op, result);
}

// Binders -------------------------------------------------------------------------------------

/// The operand that may be in memory: the last but for an immediate.
inline unsigned last_source(const Instruction& in) {
    const unsigned last = in.info.operand_count_visible - 1U;
    return in.is_immediate(last) ? last - 1 : last;
}

/// Takes the source that stands between the destination and the last one. There may be none, and
/// then the destination stands in, whose value F does not use.
inline bool bind_first_source(const Instruction& in, OpBuilder& out) {
    if (last_source(in) == 1) {
        out.op.extra = out.op.dst;
        return true;
    }
    return is_vector<Xmm>(in, 1, out.op.extra) || is_vector<Ymm>(in, 1, out.op.extra);
}

/// D reg [, D reg], S reg/M mem [, imm8].
template <auto F, typename D, typename S = D, typename M = S, Alignment alignment = Alignment::Free>
bool bind_as(const Instruction& in, OpBuilder& out) {
    if (!is_vector<D>(in, 0, out.op.dst) || !bind_first_source(in, out)) {
        return false;
    }
    const unsigned last = last_source(in);
    bind_immediate(in, out);
    if (in.is_memory(last)) {
        out.memory(in, in.operand(last), sizeof(M));
        return out.straight<register_and_memory<F, D, S, M, alignment>>();
    }
    return is_vector<S>(in, last, out.op.src) && out.straight<two_registers<F, D, S>>();
}

/// Both sizes: all operands XMM registers, or all of them YMM registers.
template <auto F, auto F256 = Halves<F>{}, Alignment alignment = Alignment::Free>
bool bind_both(const Instruction& in, OpBuilder& out) {
    return bind_as<F, Xmm, Xmm, Xmm, alignment>(in, out) ||
           bind_as<F256, Ymm, Ymm, Ymm, alignment>(in, out);
}
/// Register operands alone, or a source in memory alone.
template <auto F>
bool bind_register_form(const Instruction& in, OpBuilder& out) {
    return in.is_register(last_source(in)) && bind_as<F, Xmm>(in, out);
}
template <auto F, typename D, typename S, typename M>
bool bind_memory_form(const Instruction& in, OpBuilder& out) {
    return in.is_memory(last_source(in)) && bind_as<F, D, S, M>(in, out);
}

/// Xmm reg [, Xmm reg], Word reg/mem [, imm8], as bind_vector_from_word has it without VEX.
template <auto F, typename Word, unsigned encoded = 0>
bool bind_from_word(const Instruction& in, OpBuilder& out) {
    const unsigned last = last_source(in);
    if (!is_vector<Xmm>(in, 0, out.op.dst) || !bind_first_source(in, out) ||
        (encoded != 0 && in.size(last) != encoded)) {
        return false;
    }
    bind_immediate(in, out);
    if (in.is_memory(last)) {
        out.memory(in, in.operand(last), sizeof(Word));
        return out.straight<register_and_word<F, Word>>();
    }
    if (!is_general(in, last)) {
        return false;
    }
    out.op.src = OpBuilder::slot(in, last);
    return out.straight<register_and_general<F, Word>>();
}

/// M mem, S reg [, imm8].
template <auto F, typename S, typename M>
bool bind_to_memory(const Instruction& in, OpBuilder& out) {
    if (!in.is_memory(0) || !is_vector<S>(in, 1, out.op.src)) {
        return false;
    }
    out.memory(in, 0);
    bind_immediate(in, out);
    return out.straight<to_memory<F, S, M>>();
}

// Rows ----------------------------------------------------------------------------------------

constexpr BinderRow row(ZydisMnemonic mnemonic, Binder binder) {
    return {mnemonic, binder, Unit::Avx};
}
template <auto F>
constexpr BinderRow both(ZydisMnemonic mnemonic) {
    return row(mnemonic, &bind_both<F>);
}
/// With bits of the immediate for each half.
template <auto F, unsigned immediate_step>
constexpr BinderRow both_stepping(ZydisMnemonic mnemonic) {
    return row(mnemonic, &bind_both<F, Halves<F, immediate_step>{}>);
}
template <auto F, typename D, typename S = D, typename M = S>
constexpr BinderRow as(ZydisMnemonic mnemonic) {
    return row(mnemonic, &bind_as<F, D, S, M>);
}

// The parts that avx_rows() is made of; each is in the file of that name.
std::span<const BinderRow> avx_integer_rows();
std::span<const BinderRow> avx_shift_rows();
std::span<const BinderRow> avx_move_rows();
std::span<const BinderRow> avx_permute_rows();
std::span<const BinderRow> avx_arithmetic_rows();
std::span<const BinderRow> avx_convert_rows();
std::span<const BinderRow> avx_fused_rows();
std::span<const BinderRow> avx_masked_rows();

}  // namespace ringfence::sim::isa::x86::avx
