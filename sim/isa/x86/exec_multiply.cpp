// SPDX-License-Identifier: MIT
// Multiplication and division. [intel/vol2]: MUL, IMUL, DIV, IDIV
//
// SF, ZF, AF and PF after a multiplication are undefined; here they follow the low half of the
// product. A division leaves all flags as they were.
#include "sim/isa/x86/alu.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::ExceptionVector;
using cpu::Gpr;

template <typename T>
struct Wider;
template <>
struct Wider<u8> {
    using Unsigned = u16;
    using Signed = i16;
};
template <>
struct Wider<u16> {
    using Unsigned = u32;
    using Signed = i32;
};
template <>
struct Wider<u32> {
    using Unsigned = u64;
    using Signed = i64;
};
template <>
struct Wider<u64> {
    using Unsigned = unsigned __int128;
    using Signed = __int128;
};
template <typename T>
using UnsignedWide = typename Wider<T>::Unsigned;
template <typename T>
using SignedWide = typename Wider<T>::Signed;

constexpr Slot low_slot = cpu::slot_of(Gpr::Rax);
/// The upper half of a double-width accumulator: AH for bytes, else (E/R)DX.
template <typename T>
constexpr Slot high_slot = sizeof(T) == 1 ? low_slot + 1 : cpu::slot_of(Gpr::Rdx);

template <typename T>
RF_ALWAYS_INLINE UnsignedWide<T> accumulator(const Cpu& cpu) {
    const auto high = static_cast<UnsignedWide<T>>(cpu.gpr.get<T>(high_slot<T>));
    return static_cast<UnsignedWide<T>>((high << (sizeof(T) * 8)) | cpu.gpr.get<T>(low_slot));
}

template <typename T>
RF_ALWAYS_INLINE void set_accumulator(Cpu& cpu, T low, T high) {
    cpu.gpr.set<T>(low_slot, low);
    cpu.gpr.set<T>(high_slot<T>, high);
}

template <typename Src>
bool mul(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T factor;
    if (!Src::read(cpu, op, factor)) {
        return false;
    }
    const auto product =
        static_cast<UnsignedWide<T>>(UnsignedWide<T>{cpu.gpr.get<T>(low_slot)} * factor);
    const auto low = static_cast<T>(product);
    const auto high = static_cast<T>(product >> (sizeof(T) * 8));
    set_accumulator<T>(cpu, low, high);
    cpu.flags.set_result_and<T>(low, high != 0, high != 0);
    return true;
}

/// The low half of left * right; CF and OF say whether the signed product needs more.
template <typename T>
RF_ALWAYS_INLINE SignedWide<T> multiply_signed(cpu::LazyFlags& flags, T left, T right) {
    using S = std::make_signed_t<T>;
    const auto product = static_cast<SignedWide<T>>(SignedWide<T>{static_cast<S>(left)} *
                                                    SignedWide<T>{static_cast<S>(right)});
    const bool truncated = product != static_cast<S>(product);
    flags.set_result_and<T>(static_cast<T>(product), truncated, truncated);
    return product;
}

/// IMUL r/m: the double-width product in the accumulator.
template <typename Src>
bool imul_accumulator(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T factor;
    if (!Src::read(cpu, op, factor)) {
        return false;
    }
    const auto product = multiply_signed<T>(cpu.flags, cpu.gpr.get<T>(low_slot), factor);
    set_accumulator<T>(cpu, static_cast<T>(product), static_cast<T>(product >> (sizeof(T) * 8)));
    return true;
}

/// IMUL r, r/m.
template <typename Src>
bool imul_register(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T factor;
    if (!Src::read(cpu, op, factor)) {
        return false;
    }
    const auto product = multiply_signed<T>(cpu.flags, cpu.gpr.get<T>(op.dst), factor);
    cpu.gpr.set<T>(op.dst, static_cast<T>(product));
    return true;
}

/// IMUL r, r/m, imm.
template <typename Src>
bool imul_immediate(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T factor;
    T immediate;
    if (!Src::read(cpu, op, factor)) {
        return false;
    }
    Immediate<T>::read(cpu, op, immediate);
    cpu.gpr.set<T>(op.dst, static_cast<T>(multiply_signed<T>(cpu.flags, factor, immediate)));
    return true;
}

template <typename Src>
bool div(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T divisor;
    if (!Src::read(cpu, op, divisor)) {
        return false;
    }
    const UnsignedWide<T> dividend = accumulator<T>(cpu);
    // The quotient fits if and only if the upper half is smaller than the divisor.
    if (static_cast<T>(dividend >> (sizeof(T) * 8)) >= divisor) {
        return cpu.raise(ExceptionVector::DivideError);
    }
    set_accumulator<T>(cpu, static_cast<T>(dividend / divisor), static_cast<T>(dividend % divisor));
    return true;
}

template <typename Src>
bool idiv(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    using S = std::make_signed_t<T>;
    T raw;
    if (!Src::read(cpu, op, raw)) {
        return false;
    }
    const auto divisor = static_cast<S>(raw);
    const UnsignedWide<T> bits = accumulator<T>(cpu);
    const auto dividend = static_cast<SignedWide<T>>(bits);
    constexpr auto most_negative =
        static_cast<UnsignedWide<T>>(UnsignedWide<T>{1} << (sizeof(T) * 16 - 1));
    // The most negative dividend overflows with every divisor, and on the host with -1.
    if (divisor == 0 || bits == most_negative) {
        return cpu.raise(ExceptionVector::DivideError);
    }
    const auto quotient = static_cast<SignedWide<T>>(dividend / divisor);
    if (quotient != static_cast<S>(quotient)) {
        return cpu.raise(ExceptionVector::DivideError);
    }
    set_accumulator<T>(cpu, static_cast<T>(quotient), static_cast<T>(dividend % divisor));
    return true;
}

/// Calls `bind_for.operator()<T>()` for the operand size.
template <typename BindFor>
bool for_size(unsigned bytes, BindFor bind_for) {
    switch (bytes) {
        case 1:
            return bind_for.template operator()<u8>();
        case 2:
            return bind_for.template operator()<u16>();
        case 4:
            return bind_for.template operator()<u32>();
        default:
            return bind_for.template operator()<u64>();
    }
}

/// Operand `i` as the source, in a register or in memory.
bool bind_source_operand(const Instruction& in, unsigned i, OpBuilder& out) {
    if (in.is_memory(i)) {
        out.memory(in, i);
    } else {
        out.op.src = OpBuilder::slot(in, i);
    }
    return in.is_memory(i);
}

bool bind_mul(const Instruction& in, OpBuilder& out) {
    const bool memory = bind_source_operand(in, 0, out);
    return for_size(in.size(0), [&]<typename T>() {
        return memory ? out.straight<mul<Memory<T>>>() : out.straight<mul<SrcRegister<T>>>();
    });
}

bool bind_div(const Instruction& in, OpBuilder& out) {
    const bool memory = bind_source_operand(in, 0, out);
    return for_size(in.size(0), [&]<typename T>() {
        return memory ? out.straight<div<Memory<T>>>() : out.straight<div<SrcRegister<T>>>();
    });
}

bool bind_idiv(const Instruction& in, OpBuilder& out) {
    const bool memory = bind_source_operand(in, 0, out);
    return for_size(in.size(0), [&]<typename T>() {
        return memory ? out.straight<idiv<Memory<T>>>() : out.straight<idiv<SrcRegister<T>>>();
    });
}

bool bind_imul(const Instruction& in, OpBuilder& out) {
    if (in.info.operand_count_visible == 1) {
        const bool memory = bind_source_operand(in, 0, out);
        return for_size(in.size(0), [&]<typename T>() {
            return memory ? out.straight<imul_accumulator<Memory<T>>>()
                          : out.straight<imul_accumulator<SrcRegister<T>>>();
        });
    }
    out.op.dst = OpBuilder::slot(in, 0);
    const bool memory = bind_source_operand(in, 1, out);
    if (in.info.operand_count_visible == 2) {
        return for_size(in.size(0), [&]<typename T>() {
            return memory ? out.straight<imul_register<Memory<T>>>()
                          : out.straight<imul_register<SrcRegister<T>>>();
        });
    }
    out.op.immediate = static_cast<i32>(in.operand(2).imm.value.s);
    return for_size(in.size(0), [&]<typename T>() {
        return memory ? out.straight<imul_immediate<Memory<T>>>()
                      : out.straight<imul_immediate<SrcRegister<T>>>();
    });
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_MUL, bind_mul},
    {ZYDIS_MNEMONIC_IMUL, bind_imul},
    {ZYDIS_MNEMONIC_DIV, bind_div},
    {ZYDIS_MNEMONIC_IDIV, bind_idiv},
};

}  // namespace

std::span<const BinderRow> multiply_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
