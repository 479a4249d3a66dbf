// SPDX-License-Identifier: MIT
// BMI1, BMI2, ADX and CRC32, for 32-bit and 64-bit operands. [intel/vol1]: 5.1.13, 5.1.14
#include <bit>

#include "sim/isa/x86/alu.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::Gpr;
using cpu::LazyFlags;

// Operations on two sources: `first` is the r/m operand for the count-like ones.

template <typename T>
struct Andn {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T inverted, T source) {
        const auto result = static_cast<T>(~inverted & source);
        flags.set_logic<T>(result);
        return result;
    }
};

/// Start in bits 7:0 and length in bits 15:8 of `control`.
template <typename T>
struct Bextr {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T source, T control) {
        const unsigned start = static_cast<u8>(control);
        const unsigned length = static_cast<u8>(control >> 8);
        const T moved = start < sizeof(T) * 8 ? static_cast<T>(source >> start) : T{0};
        const auto result = static_cast<T>(moved & low_mask<T>(length));
        flags.set_logic<T>(result);
        return result;
    }
};

template <typename T>
struct Bzhi {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T source, T control) {
        const unsigned count = static_cast<u8>(control);
        const auto result = static_cast<T>(source & low_mask<T>(count));
        flags.set_result_and<T>(result, count >= sizeof(T) * 8, false);
        return result;
    }
};

template <typename T>
struct Shlx {
    RF_ALWAYS_INLINE static T apply(LazyFlags& /*flags*/, T source, T count) {
        return static_cast<T>(source << (count % (sizeof(T) * 8)));
    }
};
template <typename T>
struct Shrx {
    RF_ALWAYS_INLINE static T apply(LazyFlags& /*flags*/, T source, T count) {
        return static_cast<T>(source >> (count % (sizeof(T) * 8)));
    }
};
template <typename T>
struct Sarx {
    RF_ALWAYS_INLINE static T apply(LazyFlags& /*flags*/, T source, T count) {
        return static_cast<T>(static_cast<std::make_signed_t<T>>(source) >>
                              (count % (sizeof(T) * 8)));
    }
};
template <typename T>
struct Rorx {
    RF_ALWAYS_INLINE static T apply(LazyFlags& /*flags*/, T source, T count) {
        return std::rotr(source, static_cast<int>(count % (sizeof(T) * 8)));
    }
};

/// Scatters the low bits of `source` to the set bits of `mask`.
template <typename T>
struct Pdep {
    RF_ALWAYS_INLINE static T apply(LazyFlags& /*flags*/, T source, T mask) {
        T result = 0;
        for (; mask != 0; mask &= static_cast<T>(mask - 1), source >>= 1) {
            if ((source & 1) != 0) {
                result |= static_cast<T>(mask & (~mask + 1));
            }
        }
        return result;
    }
};

/// Gathers the bits of `source` at the set bits of `mask`.
template <typename T>
struct Pext {
    RF_ALWAYS_INLINE static T apply(LazyFlags& /*flags*/, T source, T mask) {
        T result = 0;
        for (unsigned place = 0; mask != 0; mask &= static_cast<T>(mask - 1), ++place) {
            if ((source & mask & (~mask + 1)) != 0) {
                result |= bit<T>(place);
            }
        }
        return result;
    }
};

/// dst = operation(left, right): `extra` is the slot of the operand in VEX.vvvv.
template <template <typename> class Operation, typename Src>
bool combine_with_extra_left(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T right;
    if (!Src::read(cpu, op, right)) {
        return false;
    }
    cpu.gpr.set<T>(op.dst, Operation<T>::apply(cpu.flags, cpu.gpr.get<T>(op.extra), right));
    return true;
}

template <template <typename> class Operation, typename Src>
bool combine_with_extra_right(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T left;
    if (!Src::read(cpu, op, left)) {
        return false;
    }
    cpu.gpr.set<T>(op.dst, Operation<T>::apply(cpu.flags, left, cpu.gpr.get<T>(op.extra)));
    return true;
}

template <template <typename> class Operation, typename Src>
bool combine_with_immediate(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T left;
    if (!Src::read(cpu, op, left)) {
        return false;
    }
    cpu.gpr.set<T>(op.dst, Operation<T>::apply(cpu.flags, left, static_cast<T>(op.immediate)));
    return true;
}

// Operations on the lowest set bit.

template <typename T>
struct Blsi {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T source) {
        const auto result = static_cast<T>(source & (~source + 1));
        flags.set_result_and<T>(result, source != 0, false);
        return result;
    }
};
template <typename T>
struct Blsr {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T source) {
        const auto result = static_cast<T>(source & (source - 1));
        flags.set_result_and<T>(result, source == 0, false);
        return result;
    }
};
template <typename T>
struct Blsmsk {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T source) {
        const auto result = static_cast<T>(source ^ (source - 1));
        flags.set_result_and<T>(result, source == 0, false);
        return result;
    }
};

template <template <typename> class Operation, typename Src>
bool lowest_bit(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T source;
    if (!Src::read(cpu, op, source)) {
        return false;
    }
    cpu.gpr.set<T>(op.dst, Operation<T>::apply(cpu.flags, source));
    return true;
}

/// MULX: the upper half to `dst`, the lower to `extra`; no flags.
template <typename Src>
bool mulx(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T factor;
    if (!Src::read(cpu, op, factor)) {
        return false;
    }
    const auto product =
        static_cast<unsigned __int128>(cpu.gpr.get<T>(cpu::slot_of(Gpr::Rdx))) * factor;
    cpu.gpr.set<T>(op.extra, static_cast<T>(product));
    cpu.gpr.set<T>(op.dst, static_cast<T>(product >> (sizeof(T) * 8)));
    return true;
}

/// ADCX adds with CF, ADOX with OF; each changes that flag alone.
template <bool overflow, typename Src>
bool add_chain(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T source;
    if (!Src::read(cpu, op, source)) {
        return false;
    }
    const bool carry = overflow ? cpu.flags.of() : cpu.flags.cf();
    const auto sum =
        static_cast<unsigned __int128>(cpu.gpr.get<T>(op.dst)) + source + (carry ? 1 : 0);
    const bool out = (sum >> (sizeof(T) * 8)) != 0;
    cpu.gpr.set<T>(op.dst, static_cast<T>(sum));
    cpu.flags.set_carry_and_overflow(overflow ? cpu.flags.cf() : out,
                                     overflow ? out : cpu.flags.of());
    return true;
}

/// CRC32-C (polynomial 11EDC6F41H), bits reflected. [intel/vol2]: CRC32
template <typename Src>
bool crc32(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T source;
    if (!Src::read(cpu, op, source)) {
        return false;
    }
    constexpr u32 reflected_polynomial = 0x82f6'3b78;
    u32 remainder = cpu.gpr.get<u32>(op.dst);
    for (unsigned byte = 0; byte < sizeof(T); ++byte) {
        remainder ^= static_cast<u8>(source >> (byte * 8));
        for (unsigned i = 0; i < 8; ++i) {
            remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? reflected_polynomial : 0);
        }
    }
    cpu.gpr.set<u32>(op.dst, remainder);
    return true;
}

/// Binds operand `i` as the source and calls `bind_for.operator()<Src>()` for its kind.
template <typename BindFor>
bool for_source(const Instruction& in, unsigned i, OpBuilder& out, BindFor bind_for) {
    if (in.is_memory(i)) {
        out.memory(in, i);
        return in.size(i) == 8 ? bind_for.template operator()<Memory<u64>>()
                               : bind_for.template operator()<Memory<u32>>();
    }
    out.op.src = OpBuilder::slot(in, i);
    return in.size(i) == 8 ? bind_for.template operator()<SrcRegister<u64>>()
                           : bind_for.template operator()<SrcRegister<u32>>();
}

/// dst, vvvv, r/m.
template <template <typename> class Operation>
bool bind_extra_left(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    out.op.extra = OpBuilder::slot(in, 1);
    return for_source(in, 2, out, [&]<typename Src>() {
        return out.straight<combine_with_extra_left<Operation, Src>>();
    });
}

/// dst, r/m, vvvv.
template <template <typename> class Operation>
bool bind_extra_right(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    out.op.extra = OpBuilder::slot(in, 2);
    return for_source(in, 1, out, [&]<typename Src>() {
        return out.straight<combine_with_extra_right<Operation, Src>>();
    });
}

bool bind_rorx(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    out.op.immediate = static_cast<i32>(in.operand(2).imm.value.u);
    return for_source(in, 1, out, [&]<typename Src>() {
        return out.straight<combine_with_immediate<Rorx, Src>>();
    });
}

template <template <typename> class Operation>
bool bind_lowest_bit(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    return for_source(in, 1, out,
                      [&]<typename Src>() { return out.straight<lowest_bit<Operation, Src>>(); });
}

bool bind_mulx(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    out.op.extra = OpBuilder::slot(in, 1);
    return for_source(in, 2, out, [&]<typename Src>() { return out.straight<mulx<Src>>(); });
}

template <bool overflow>
bool bind_add_chain(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    return for_source(in, 1, out,
                      [&]<typename Src>() { return out.straight<add_chain<overflow, Src>>(); });
}

bool bind_crc32(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    if (in.size(1) >= 4) {
        return for_source(in, 1, out, [&]<typename Src>() { return out.straight<crc32<Src>>(); });
    }
    if (in.is_memory(1)) {
        out.memory(in, 1);
        return in.size(1) == 1 ? out.straight<crc32<Memory<u8>>>()
                               : out.straight<crc32<Memory<u16>>>();
    }
    out.op.src = OpBuilder::slot(in, 1);
    return in.size(1) == 1 ? out.straight<crc32<SrcRegister<u8>>>()
                           : out.straight<crc32<SrcRegister<u16>>>();
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_ANDN, bind_extra_left<Andn>},
    {ZYDIS_MNEMONIC_PDEP, bind_extra_left<Pdep>},
    {ZYDIS_MNEMONIC_PEXT, bind_extra_left<Pext>},
    {ZYDIS_MNEMONIC_BEXTR, bind_extra_right<Bextr>},
    {ZYDIS_MNEMONIC_BZHI, bind_extra_right<Bzhi>},
    {ZYDIS_MNEMONIC_SHLX, bind_extra_right<Shlx>},
    {ZYDIS_MNEMONIC_SHRX, bind_extra_right<Shrx>},
    {ZYDIS_MNEMONIC_SARX, bind_extra_right<Sarx>},
    {ZYDIS_MNEMONIC_RORX, bind_rorx},
    {ZYDIS_MNEMONIC_BLSI, bind_lowest_bit<Blsi>},
    {ZYDIS_MNEMONIC_BLSR, bind_lowest_bit<Blsr>},
    {ZYDIS_MNEMONIC_BLSMSK, bind_lowest_bit<Blsmsk>},
    {ZYDIS_MNEMONIC_MULX, bind_mulx},
    {ZYDIS_MNEMONIC_ADCX, bind_add_chain<false>},
    {ZYDIS_MNEMONIC_ADOX, bind_add_chain<true>},
    {ZYDIS_MNEMONIC_CRC32, bind_crc32},
};

}  // namespace

std::span<const BinderRow> bit_manipulation_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
