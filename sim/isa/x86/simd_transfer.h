// SPDX-License-Identifier: MIT
// Vector instructions with a general register, the flags, or a hidden memory operand.
// [intel/vol2]: under each name
#pragma once

#include "sim/isa/x86/simd_operands.h"
#include "sim/isa/x86/simd_shuffle.h"

namespace ringfence::sim::isa::x86 {

/// A general register of type `Word` = F(vector [, imm8]).
template <auto F, typename Word, typename V>
bool general_from_vector(Cpu& cpu, const Op& op) {
    Word result;
    if (!begin<V>(cpu) || !apply<F>(cpu, op, result, read_register<V>(cpu, op.src))) {
        return false;
    }
    end<V>(cpu);
    cpu.gpr.set<Word>(op.dst, result);
    return true;
}
/// The same with the vector operand in memory, of type `M`.
template <auto F, typename Word, typename M>
bool general_from_memory(Cpu& cpu, const Op& op) {
    Word result;
    M memory;
    if (!load(cpu, op, memory) || !apply<F>(cpu, op, result, extend_to<Xmm>(memory))) {
        return false;
    }
    cpu.gpr.set<Word>(op.dst, result);
    return true;
}
/// Memory of type `Word` = F(vector, imm8).
template <auto F, typename Word>
bool memory_from_vector(Cpu& cpu, const Op& op) {
    return store(
        cpu, op,
        static_cast<Word>(F(read_register<Xmm>(cpu, op.src), static_cast<u8>(op.immediate))));
}
/// vector = F(vector, general register [, imm8]).
template <auto F, typename Word, typename V>
bool vector_from_general(Cpu& cpu, const Op& op) {
    V value = read_register<V>(cpu, op.dst);
    if (!begin<V>(cpu) || !apply<F>(cpu, op, value, value, u64{cpu.gpr.get<Word>(op.src)})) {
        return false;
    }
    end<V>(cpu);
    write_register(cpu, op.dst, value);
    return true;
}
/// vector = F(vector, memory of type `Word` [, imm8]).
template <auto F, typename Word, typename V>
bool vector_from_word(Cpu& cpu, const Op& op) {
    V value = read_register<V>(cpu, op.dst);
    Word memory;
    if (!begin<V>(cpu) || !load(cpu, op, memory) || !apply<F>(cpu, op, value, value, u64{memory})) {
        return false;
    }
    end<V>(cpu);
    write_register(cpu, op.dst, value);
    return true;
}

/// MASKMOVQ, MASKMOVDQU: stores the bytes whose mask byte has its sign set, at DS:rDI.
template <typename V>
bool maskmov(Cpu& cpu, const Op& op) {
    if (!begin<V>(cpu)) {
        return false;
    }
    const auto data = lanes<u8>(read_register<V>(cpu, op.dst));
    const u64 mask = simd::sign_mask<i8>(read_register<V>(cpu, op.src));
    const VirtualAddress address = linear_address(cpu, op);
    if (mask != 0 && !cpu.mmu.probe_write(address, sizeof(V))) {
        return memory_fault(cpu, op);
    }
    for (int i = 0; i < lane_count<u8, V>; ++i) {
        if ((mask >> i & 1) != 0 && !cpu.mmu.write(address + static_cast<u64>(i), u8{data[i]})) {
            return memory_fault(cpu, op);
        }
    }
    end<V>(cpu);
    return true;
}

// Binders -------------------------------------------------------------------------------------

inline bool is_general(const Instruction& instruction, unsigned i) {
    return instruction.is_register(i) &&
           ZydisRegisterGetClass(instruction.operand(i).reg.value) >= ZYDIS_REGCLASS_GPR8 &&
           ZydisRegisterGetClass(instruction.operand(i).reg.value) <= ZYDIS_REGCLASS_GPR64;
}

/// Word reg, V reg [, imm8]: MOVD, PMOVMSKB, PEXTRW. The destination is written as `Word` whatever
/// size the encoding names.
template <auto F, typename Word, typename V>
bool bind_general_from_vector(const Instruction& instruction, OpBuilder& out) {
    if (!is_general(instruction, 0) || !is_vector<V>(instruction, 1, out.op.src)) {
        return false;
    }
    out.op.dst = OpBuilder::slot(instruction, 0);
    bind_immediate(instruction, out);
    return out.straight<general_from_vector<F, Word, V>>();
}
/// Word mem, XMM reg, imm8.
template <auto F, typename Word>
bool bind_memory_from_vector(const Instruction& instruction, OpBuilder& out) {
    if (!instruction.is_memory(0) || !is_vector<Xmm>(instruction, 1, out.op.src)) {
        return false;
    }
    out.memory(instruction, instruction.operand(0), sizeof(Word));
    bind_immediate(instruction, out);
    return out.straight<memory_from_vector<F, Word>>();
}
/// V reg, Word reg/mem [, imm8]: MOVD, PINSR, CVTSI2SD. A register operand is read as `Word`, and
/// the binder takes only operands of `encoded` bytes (0: any).
template <auto F, typename Word, typename V, unsigned encoded = 0>
bool bind_vector_from_word(const Instruction& instruction, OpBuilder& out) {
    if (!is_vector<V>(instruction, 0, out.op.dst) ||
        (encoded != 0 && instruction.size(1) != encoded)) {
        return false;
    }
    bind_immediate(instruction, out);
    if (instruction.is_memory(1)) {
        out.memory(instruction, instruction.operand(1), sizeof(Word));
        return out.straight<vector_from_word<F, Word, V>>();
    }
    if (!is_general(instruction, 1)) {
        return false;
    }
    out.op.src = OpBuilder::slot(instruction, 1);
    return out.straight<vector_from_general<F, Word, V>>();
}

/// MASKMOVQ and MASKMOVDQU: the memory operand is the last, hidden one.
template <typename V>
bool bind_maskmov(const Instruction& instruction, OpBuilder& out) {
    if (!is_vector<V>(instruction, 0, out.op.dst) || !is_vector<V>(instruction, 1, out.op.src)) {
        return false;
    }
    for (unsigned i = 2; i < instruction.info.operand_count; ++i) {
        if (instruction.is_memory(i)) {
            out.memory(instruction, instruction.operand(i), sizeof(V));
            return out.straight<maskmov<V>>();
        }
    }
    return false;
}

}  // namespace ringfence::sim::isa::x86
