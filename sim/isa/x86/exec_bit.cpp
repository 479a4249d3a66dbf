// SPDX-License-Identifier: MIT
// Bit tests and bit scans. [intel/vol1]: 7.3.7
#include <bit>

#include "sim/isa/x86/alu.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::LazyFlags;

template <typename T>
struct KeepBit {
    static constexpr bool writes = false;
    RF_ALWAYS_INLINE static T apply(T value, T /*mask*/) { return value; }
};
template <typename T>
struct SetBit {
    static constexpr bool writes = true;
    RF_ALWAYS_INLINE static T apply(T value, T mask) { return static_cast<T>(value | mask); }
};
template <typename T>
struct ResetBit {
    static constexpr bool writes = true;
    RF_ALWAYS_INLINE static T apply(T value, T mask) { return static_cast<T>(value & ~mask); }
};
template <typename T>
struct ComplementBit {
    static constexpr bool writes = true;
    RF_ALWAYS_INLINE static T apply(T value, T mask) { return static_cast<T>(value ^ mask); }
};

/// CF = the bit, which then changes. The other flags stay (ZF by definition, the rest undefined).
template <template <typename> class Change, typename T>
RF_ALWAYS_INLINE T test_and_change(LazyFlags& flags, T value, u64 index) {
    const auto mask = bit<T>(index % (sizeof(T) * 8));
    flags.set_cf((value & mask) != 0);
    return Change<T>::apply(value, mask);
}

template <template <typename> class Change, typename T, typename Index>
bool bit_test_register(Cpu& cpu, const Op& op) {
    T index;
    Index::read(cpu, op, index);
    const T value = cpu.gpr.get<T>(op.dst);
    const T changed = test_and_change<Change, T>(cpu.flags, value, index);
    if constexpr (Change<T>::writes) {
        cpu.gpr.set<T>(op.dst, changed);
    }
    return true;
}

/// With the index in a register, a memory operand is a bit string: the index may reach any word
/// before or after the address. `op.extra` is the width of addresses in bits.
template <template <typename> class Change, typename T, typename Index>
bool bit_test_memory(Cpu& cpu, const Op& op) {
    T index;
    Index::read(cpu, op, index);
    VirtualAddress address = linear_address(cpu, op);
    if constexpr (std::is_same_v<Index, SrcRegister<T>>) {
        constexpr unsigned word_bits_log2 = sizeof(T) == 8 ? 6 : sizeof(T) == 4 ? 5 : 4;
        const i64 words =
            static_cast<i64>(static_cast<std::make_signed_t<T>>(index)) >> word_bits_log2;
        address += static_cast<u64>(words) * sizeof(T);
        // The index is part of the address, which wraps at its size.
        address = VirtualAddress{address.value() & low_mask(op.extra)};
    }
    if constexpr (Change<T>::writes) {
        return modify_memory<T>(cpu, address, op, [&](T value) {
            return test_and_change<Change, T>(cpu.flags, value, index);
        });
    } else {
        T value;
        if (!cpu.mmu.read(address, value)) {
            return memory_fault(cpu, op);
        }
        test_and_change<Change, T>(cpu.flags, value, index);
        return true;
    }
}

template <template <typename> class Change, typename T>
bool bind_bit_test_sized(const Instruction& in, OpBuilder& out) {
    bind_source(in, 1, out);
    if (in.is_memory(0)) {
        out.memory(in, 0);
        out.op.extra = in.code64() && in.info.address_width == 64 ? 64 : 32;
        return in.is_immediate(1) ? out.straight<bit_test_memory<Change, T, Immediate<T>>>()
                                  : out.straight<bit_test_memory<Change, T, SrcRegister<T>>>();
    }
    out.op.dst = OpBuilder::slot(in, 0);
    return in.is_immediate(1) ? out.straight<bit_test_register<Change, T, Immediate<T>>>()
                              : out.straight<bit_test_register<Change, T, SrcRegister<T>>>();
}

template <template <typename> class Change>
bool bind_bit_test(const Instruction& in, OpBuilder& out) {
    switch (in.size(0)) {
        case 2:
            return bind_bit_test_sized<Change, u16>(in, out);
        case 4:
            return bind_bit_test_sized<Change, u32>(in, out);
        default:
            return bind_bit_test_sized<Change, u64>(in, out);
    }
}

// Scans and counts: dst = f(src), with flags.

/// BSF and BSR leave the destination alone when the source is zero, as all CPUs do.
template <typename T>
struct Bsf {
    RF_ALWAYS_INLINE static bool apply(LazyFlags& flags, T source, T& result) {
        flags.set_result_and<T>(source, false, false);
        result = static_cast<T>(std::countr_zero(source));
        return source != 0;
    }
};

template <typename T>
struct Bsr {
    RF_ALWAYS_INLINE static bool apply(LazyFlags& flags, T source, T& result) {
        flags.set_result_and<T>(source, false, false);
        result = static_cast<T>(sizeof(T) * 8 - 1 - std::countl_zero(source));
        return source != 0;
    }
};

template <typename T>
struct Tzcnt {
    RF_ALWAYS_INLINE static bool apply(LazyFlags& flags, T source, T& result) {
        result = static_cast<T>(std::countr_zero(source));
        flags.set_result_and<T>(result, source == 0, false);
        return true;
    }
};

template <typename T>
struct Lzcnt {
    RF_ALWAYS_INLINE static bool apply(LazyFlags& flags, T source, T& result) {
        result = static_cast<T>(std::countl_zero(source));
        flags.set_result_and<T>(result, source == 0, false);
        return true;
    }
};

/// ZF by the source; all others are cleared.
template <typename T>
struct Popcnt {
    RF_ALWAYS_INLINE static bool apply(LazyFlags& flags, T source, T& result) {
        using arch::x86::Rflags;
        result = static_cast<T>(std::popcount(source));
        flags.load(source == 0 ? Rflags::zf.mask : 0);
        return true;
    }
};

template <template <typename> class Operation, typename Src>
bool scan(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T source;
    if (!Src::read(cpu, op, source)) {
        return false;
    }
    T result;
    if (Operation<T>::apply(cpu.flags, source, result)) {
        cpu.gpr.set<T>(op.dst, result);
    }
    return true;
}

template <template <typename> class Operation, typename T>
bool bind_scan_sized(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    if (in.is_memory(1)) {
        out.memory(in, 1);
        return out.straight<scan<Operation, Memory<T>>>();
    }
    out.op.src = OpBuilder::slot(in, 1);
    return out.straight<scan<Operation, SrcRegister<T>>>();
}

template <template <typename> class Operation>
bool bind_scan(const Instruction& in, OpBuilder& out) {
    switch (in.size(0)) {
        case 2:
            return bind_scan_sized<Operation, u16>(in, out);
        case 4:
            return bind_scan_sized<Operation, u32>(in, out);
        default:
            return bind_scan_sized<Operation, u64>(in, out);
    }
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_BT, bind_bit_test<KeepBit>},
    {ZYDIS_MNEMONIC_BTS, bind_bit_test<SetBit>},
    {ZYDIS_MNEMONIC_BTR, bind_bit_test<ResetBit>},
    {ZYDIS_MNEMONIC_BTC, bind_bit_test<ComplementBit>},
    {ZYDIS_MNEMONIC_BSF, bind_scan<Bsf>},
    {ZYDIS_MNEMONIC_BSR, bind_scan<Bsr>},
    {ZYDIS_MNEMONIC_TZCNT, bind_scan<Tzcnt>},
    {ZYDIS_MNEMONIC_LZCNT, bind_scan<Lzcnt>},
    {ZYDIS_MNEMONIC_POPCNT, bind_scan<Popcnt>},
};

}  // namespace

std::span<const BinderRow> bit_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
