// SPDX-License-Identifier: MIT
// Shifts, rotates and double shifts. [intel/vol1]: 7.3.6
//
// A count of zero (after masking) leaves destination and flags alone. OF is defined for counts of
// one only; for others it is what the same formula gives, as Intel CPUs do.
#include "sim/isa/x86/alu.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::LazyFlags;

template <typename T>
inline constexpr unsigned bits = sizeof(T) * 8;

/// The count as all shifts but RCL and RCR of small operands use it: modulo 32 or 64.
template <typename T>
RF_ALWAYS_INLINE unsigned masked(unsigned count) {
    return count & (sizeof(T) == 8 ? 63 : 31);
}

template <typename T>
RF_ALWAYS_INLINE bool top_bit(T value) {
    return (value >> (bits<T> - 1)) != 0;
}

/// Bit `index` of the value, which continues with zeros.
template <typename T>
RF_ALWAYS_INLINE bool bit_at(T value, unsigned index) {
    return index < bits<T> && ((value >> index) & 1) != 0;
}

template <typename T>
struct Shl {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value, unsigned count) {
        const T result = count < bits<T> ? static_cast<T>(value << count) : T{0};
        const bool carry = bit_at(value, bits<T> - count);
        flags.set_result_and<T>(result, carry, top_bit(result) != carry);
        return result;
    }
};

template <typename T>
struct Shr {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value, unsigned count) {
        const T result = count < bits<T> ? static_cast<T>(value >> count) : T{0};
        const bool carry = bit_at(value, count - 1);
        flags.set_result_and<T>(result, carry, bit_at(result, bits<T> - 2) != top_bit(result));
        return result;
    }
};

template <typename T>
struct Sar {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value, unsigned count) {
        const i64 wide = static_cast<i64>(static_cast<std::make_signed_t<T>>(value));
        const auto result = static_cast<T>(wide >> count);
        const bool carry = ((wide >> (count - 1)) & 1) != 0;
        flags.set_result_and<T>(result, carry, false);
        return result;
    }
};

template <typename T>
struct Rol {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value, unsigned count) {
        const unsigned places = count % bits<T>;
        const auto result =
            static_cast<T>((value << places) | (value >> ((bits<T> - places) % bits<T>)));
        const bool carry = (result & 1) != 0;
        flags.set_carry_and_overflow(carry, top_bit(result) != carry);
        return result;
    }
};

template <typename T>
struct Ror {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value, unsigned count) {
        const unsigned places = count % bits<T>;
        const auto result =
            static_cast<T>((value >> places) | (value << ((bits<T> - places) % bits<T>)));
        flags.set_carry_and_overflow(top_bit(result),
                                     top_bit(result) != bit_at(result, bits<T> - 2));
        return result;
    }
};

/// Rotates through CF take their count modulo the operand's size plus one.
template <typename T>
struct Rcl {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value, unsigned count) {
        bool carry = flags.cf();
        for (unsigned i = count % (bits<T> + 1); i != 0; --i) {
            const bool out = top_bit(value);
            value = static_cast<T>((value << 1) | (carry ? 1 : 0));
            carry = out;
        }
        flags.set_carry_and_overflow(carry, top_bit(value) != carry);
        return value;
    }
};

template <typename T>
struct Rcr {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value, unsigned count) {
        bool carry = flags.cf();
        for (unsigned i = count % (bits<T> + 1); i != 0; --i) {
            const bool out = (value & 1) != 0;
            value = static_cast<T>((value >> 1) | (static_cast<T>(carry) << (bits<T> - 1)));
            carry = out;
        }
        flags.set_carry_and_overflow(carry, top_bit(value) != bit_at(value, bits<T> - 2));
        return value;
    }
};

template <template <typename> class Operation, typename Dst, typename Count>
bool shift(Cpu& cpu, const Op& op) {
    using T = typename Dst::Word;
    u8 raw;
    Count::read(cpu, op, raw);
    const unsigned count = masked<T>(raw);
    return modify<Dst>(cpu, op, [&](T value) {
        return count == 0 ? value : Operation<T>::apply(cpu.flags, value, count);
    });
}

template <template <typename> class Operation, typename T>
bool bind_shift_sized(const Instruction& in, OpBuilder& out) {
    bind_source(in, 1, out);
    if (in.is_memory(0)) {
        out.memory(in, 0);
        return in.is_immediate(1) ? out.straight<shift<Operation, Memory<T>, Immediate<u8>>>()
                                  : out.straight<shift<Operation, Memory<T>, SrcRegister<u8>>>();
    }
    out.op.dst = OpBuilder::slot(in, 0);
    return in.is_immediate(1) ? out.straight<shift<Operation, DstRegister<T>, Immediate<u8>>>()
                              : out.straight<shift<Operation, DstRegister<T>, SrcRegister<u8>>>();
}

template <template <typename> class Operation>
bool bind_shift(const Instruction& in, OpBuilder& out) {
    switch (in.size(0)) {
        case 1:
            return bind_shift_sized<Operation, u8>(in, out);
        case 2:
            return bind_shift_sized<Operation, u16>(in, out);
        case 4:
            return bind_shift_sized<Operation, u32>(in, out);
        default:
            return bind_shift_sized<Operation, u64>(in, out);
    }
}

/// SHLD: bits of `filler` come in from the right. A 16-bit count above 16 gives what the double
/// word filler:value:filler would.
template <typename T>
struct Shld {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value, T filler, unsigned count) {
        using Wide = unsigned __int128;
        Wide wide = (Wide{value} << bits<T>) | filler;
        bool carry;
        if (sizeof(T) == 2 && count > 16) {
            wide = (Wide{filler} << 16) | value;
            count -= 16;
        }
        carry = ((wide >> (2 * bits<T> - count)) & 1) != 0;
        const auto result = static_cast<T>((wide << count) >> bits<T>);
        flags.set_result_and<T>(result, carry, top_bit(result) != top_bit(value));
        return result;
    }
};

/// SHRD: bits of `filler` come in from the left.
template <typename T>
struct Shrd {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value, T filler, unsigned count) {
        using Wide = unsigned __int128;
        Wide wide = (Wide{filler} << bits<T>) | value;
        if (sizeof(T) == 2 && count > 16) {
            wide = (Wide{value} << 16) | filler;
            count -= 16;
        }
        const bool carry = ((wide >> (count - 1)) & 1) != 0;
        const auto result = static_cast<T>(wide >> count);
        flags.set_result_and<T>(result, carry, top_bit(result) != top_bit(value));
        return result;
    }
};

/// Op: dst, src = filler; the count is CL if extra != 0, else the immediate.
template <template <typename> class Operation, typename Dst>
bool double_shift(Cpu& cpu, const Op& op) {
    using T = typename Dst::Word;
    const u8 raw = op.extra != 0 ? cpu.gpr.get<u8>(cpu::slot_of(cpu::Gpr::Rcx))
                                 : static_cast<u8>(op.immediate);
    const unsigned count = masked<T>(raw);
    const T filler = cpu.gpr.get<T>(op.src);
    return modify<Dst>(cpu, op, [&](T value) {
        return count == 0 ? value : Operation<T>::apply(cpu.flags, value, filler, count);
    });
}

template <template <typename> class Operation, typename T>
bool bind_double_shift_sized(const Instruction& in, OpBuilder& out) {
    out.op.src = OpBuilder::slot(in, 1);
    out.op.extra = in.is_immediate(2) ? 0 : 1;
    out.op.immediate = in.is_immediate(2) ? static_cast<i32>(in.operand(2).imm.value.s) : 0;
    if (in.is_memory(0)) {
        out.memory(in, 0);
        return out.straight<double_shift<Operation, Memory<T>>>();
    }
    out.op.dst = OpBuilder::slot(in, 0);
    return out.straight<double_shift<Operation, DstRegister<T>>>();
}

template <template <typename> class Operation>
bool bind_double_shift(const Instruction& in, OpBuilder& out) {
    switch (in.size(0)) {
        case 2:
            return bind_double_shift_sized<Operation, u16>(in, out);
        case 4:
            return bind_double_shift_sized<Operation, u32>(in, out);
        default:
            return bind_double_shift_sized<Operation, u64>(in, out);
    }
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_SHL, bind_shift<Shl>},          {ZYDIS_MNEMONIC_SHR, bind_shift<Shr>},
    {ZYDIS_MNEMONIC_SAR, bind_shift<Sar>},          {ZYDIS_MNEMONIC_ROL, bind_shift<Rol>},
    {ZYDIS_MNEMONIC_ROR, bind_shift<Ror>},          {ZYDIS_MNEMONIC_RCL, bind_shift<Rcl>},
    {ZYDIS_MNEMONIC_RCR, bind_shift<Rcr>},          {ZYDIS_MNEMONIC_SHLD, bind_double_shift<Shld>},
    {ZYDIS_MNEMONIC_SHRD, bind_double_shift<Shrd>},
};

}  // namespace

std::span<const BinderRow> shift_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
