// SPDX-License-Identifier: MIT
// The shapes that arithmetic and logic instructions share: operand forms, and read-modify-write.
#pragma once

#include <cstring>

#include "sim/isa/x86/binder.h"
#include "sim/isa/x86/operands.h"

namespace ringfence::sim::isa::x86 {

/// Replaces the memory operand by `change(old)`. `change` may set flags: it runs only when the
/// write cannot fail any more.
template <typename T, typename Change>
RF_ALWAYS_INLINE bool modify_memory(Cpu& cpu, VirtualAddress address, const Op& op, Change change) {
    T value;
    if (u8* host = cpu.mmu.write_pointer(address, sizeof(T)); RF_LIKELY(host != nullptr)) {
        std::memcpy(&value, host, sizeof(T));
        value = change(value);
        std::memcpy(host, &value, sizeof(T));
        return true;
    }
    if (!cpu.mmu.read_for_write(address, value)) {
        return memory_fault(cpu, op);
    }
    return cpu.mmu.write(address, static_cast<T>(change(value))) || memory_fault(cpu, op);
}

/// Replaces a destination of either kind.
template <typename Dst, typename Change>
RF_ALWAYS_INLINE bool modify(Cpu& cpu, const Op& op, Change change) {
    using T = typename Dst::Word;
    if constexpr (std::is_same_v<Dst, Memory<T>>) {
        return modify_memory<T>(cpu, linear_address(cpu, op), op, change);
    } else {
        T value;
        Dst::read(cpu, op, value);
        return Dst::write(cpu, op, static_cast<T>(change(value)));
    }
}

/// dst = operation(dst, src), or just the flags of it. An operation has
/// `static T apply(cpu::LazyFlags&, T, T)` and `writes`.
template <template <typename> class Operation, typename Dst, typename Src>
bool binary(Cpu& cpu, const Op& op) {
    using T = typename Dst::Word;
    T right;
    if (!Src::read(cpu, op, right)) {
        return false;
    }
    if constexpr (Operation<T>::writes) {
        return modify<Dst>(cpu, op,
                           [&](T left) { return Operation<T>::apply(cpu.flags, left, right); });
    } else {
        T left;
        if (!Dst::read(cpu, op, left)) {
            return false;
        }
        Operation<T>::apply(cpu.flags, left, right);
        return true;
    }
}

/// dst = operation(dst).
template <template <typename> class Operation, typename Dst>
bool unary(Cpu& cpu, const Op& op) {
    using T = typename Dst::Word;
    return modify<Dst>(cpu, op, [&](T value) { return Operation<T>::apply(cpu.flags, value); });
}

/// Operand 1 as a register or an immediate.
inline void bind_source(const Instruction& instruction, unsigned i, OpBuilder& out) {
    if (instruction.is_immediate(i)) {
        out.op.immediate = static_cast<i32>(instruction.operand(i).imm.value.s);
    } else if (instruction.is_register(i)) {
        out.op.src = OpBuilder::slot(instruction, i);
    }
}

template <template <typename> class Operation, typename T>
bool bind_binary_sized(const Instruction& in, OpBuilder& out) {
    bind_source(in, 1, out);
    if (in.is_memory(0)) {
        out.memory(in, 0);
        return in.is_immediate(1) ? out.straight<binary<Operation, Memory<T>, Immediate<T>>>()
                                  : out.straight<binary<Operation, Memory<T>, SrcRegister<T>>>();
    }
    out.op.dst = OpBuilder::slot(in, 0);
    if (in.is_memory(1)) {
        out.memory(in, 1);
        return out.straight<binary<Operation, DstRegister<T>, Memory<T>>>();
    }
    return in.is_immediate(1) ? out.straight<binary<Operation, DstRegister<T>, Immediate<T>>>()
                              : out.straight<binary<Operation, DstRegister<T>, SrcRegister<T>>>();
}

/// All forms of a two-operand instruction.
template <template <typename> class Operation>
bool bind_binary(const Instruction& in, OpBuilder& out) {
    switch (in.size(0)) {
        case 1:
            return bind_binary_sized<Operation, u8>(in, out);
        case 2:
            return bind_binary_sized<Operation, u16>(in, out);
        case 4:
            return bind_binary_sized<Operation, u32>(in, out);
        default:
            return bind_binary_sized<Operation, u64>(in, out);
    }
}

template <template <typename> class Operation, typename T>
bool bind_unary_sized(const Instruction& in, OpBuilder& out) {
    if (in.is_memory(0)) {
        out.memory(in, 0);
        return out.straight<unary<Operation, Memory<T>>>();
    }
    out.op.dst = OpBuilder::slot(in, 0);
    return out.straight<unary<Operation, DstRegister<T>>>();
}

/// All forms of a one-operand instruction that changes it.
template <template <typename> class Operation>
bool bind_unary(const Instruction& in, OpBuilder& out) {
    switch (in.size(0)) {
        case 1:
            return bind_unary_sized<Operation, u8>(in, out);
        case 2:
            return bind_unary_sized<Operation, u16>(in, out);
        case 4:
            return bind_unary_sized<Operation, u32>(in, out);
        default:
            return bind_unary_sized<Operation, u64>(in, out);
    }
}

}  // namespace ringfence::sim::isa::x86
