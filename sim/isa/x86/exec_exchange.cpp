// SPDX-License-Identifier: MIT
// XCHG, XADD and the compare-and-exchange family. [intel/vol1]: 7.3.1.2
//
// One processor: LOCK changes nothing but which encodings are valid, and the decoder knows that.
#include "sim/isa/x86/alu.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::ExceptionVector;
using cpu::Gpr;

template <typename Dst>
bool xchg(Cpu& cpu, const Op& op) {
    using T = typename Dst::Word;
    const T incoming = cpu.gpr.get<T>(op.src);
    T old = 0;
    if (!modify<Dst>(cpu, op, [&](T value) {
            old = value;
            return incoming;
        })) {
        return false;
    }
    cpu.gpr.set<T>(op.src, old);
    return true;
}

/// The sum goes to the destination last, so that XADD r, r of one register leaves the sum.
template <typename Dst>
bool xadd(Cpu& cpu, const Op& op) {
    using T = typename Dst::Word;
    const T addend = cpu.gpr.get<T>(op.src);
    T old = 0;
    const auto add = [&](T value) {
        old = value;
        const auto sum = static_cast<T>(value + addend);
        cpu.flags.set_arithmetic<T>(sum,
                                    static_cast<T>((value & addend) | ((value | addend) & ~sum)));
        return sum;
    };
    if constexpr (std::is_same_v<Dst, Memory<T>>) {
        if (!modify<Dst>(cpu, op, add)) {
            return false;
        }
        cpu.gpr.set<T>(op.src, old);
    } else {
        const T sum = add(cpu.gpr.get<T>(op.dst));
        cpu.gpr.set<T>(op.src, old);
        cpu.gpr.set<T>(op.dst, sum);
    }
    return true;
}

/// Flags as CMP accumulator, destination. The destination is written in either case.
template <typename Dst>
bool cmpxchg(Cpu& cpu, const Op& op) {
    using T = typename Dst::Word;
    constexpr Slot rax = cpu::slot_of(Gpr::Rax);
    const T expected = cpu.gpr.get<T>(rax);
    const T incoming = cpu.gpr.get<T>(op.src);
    T old = 0;
    const auto compare = [&](T value) {
        old = value;
        const auto difference = static_cast<T>(expected - value);
        cpu.flags.set_arithmetic<T>(
            difference, static_cast<T>((~expected & value) | (~(expected ^ value) & difference)));
        return value == expected ? incoming : value;
    };
    if constexpr (std::is_same_v<Dst, Memory<T>>) {
        if (!modify<Dst>(cpu, op, compare)) {
            return false;
        }
    } else {
        cpu.gpr.set<T>(op.dst, compare(cpu.gpr.get<T>(op.dst)));
    }
    if (old != expected) {
        cpu.gpr.set<T>(rax, old);
    }
    return true;
}

/// CMPXCHG8B and CMPXCHG16B: halves of type T; only ZF changes.
template <typename T>
struct Pair {
    T low;
    T high;
};

template <typename T>
bool cmpxchg_pair(Cpu& cpu, const Op& op) {
    const VirtualAddress address = linear_address(cpu, op);
    if (sizeof(T) == 8 && !is_aligned(address.value(), 16)) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    Pair<T> old;
    if (!cpu.mmu.read_for_write(address, old)) {
        return memory_fault(cpu, op);
    }
    const bool equal = old.low == cpu.gpr.get<T>(cpu::slot_of(Gpr::Rax)) &&
                       old.high == cpu.gpr.get<T>(cpu::slot_of(Gpr::Rdx));
    const Pair<T> value = equal ? Pair<T>{cpu.gpr.get<T>(cpu::slot_of(Gpr::Rbx)),
                                          cpu.gpr.get<T>(cpu::slot_of(Gpr::Rcx))}
                                : old;
    if (!cpu.mmu.write(address, value)) {
        return memory_fault(cpu, op);
    }
    if (!equal) {
        cpu.gpr.set<T>(cpu::slot_of(Gpr::Rax), old.low);
        cpu.gpr.set<T>(cpu::slot_of(Gpr::Rdx), old.high);
    }
    cpu.flags.set_zf(equal);
    return true;
}

template <template <typename> class Pick, typename T>
bool bind_sized(const Instruction& in, OpBuilder& out) {
    out.op.src = OpBuilder::slot(in, 1);
    if (in.is_memory(0)) {
        out.memory(in, 0);
        return Pick<Memory<T>>::bind(out);
    }
    out.op.dst = OpBuilder::slot(in, 0);
    return Pick<DstRegister<T>>::bind(out);
}

template <template <typename> class Pick>
bool bind_exchange(const Instruction& in, OpBuilder& out) {
    switch (in.size(0)) {
        case 1:
            return bind_sized<Pick, u8>(in, out);
        case 2:
            return bind_sized<Pick, u16>(in, out);
        case 4:
            return bind_sized<Pick, u32>(in, out);
        default:
            return bind_sized<Pick, u64>(in, out);
    }
}

template <typename Dst>
struct PickXchg {
    static bool bind(OpBuilder& out) { return out.straight<xchg<Dst>>(); }
};
template <typename Dst>
struct PickXadd {
    static bool bind(OpBuilder& out) { return out.straight<xadd<Dst>>(); }
};
template <typename Dst>
struct PickCmpxchg {
    static bool bind(OpBuilder& out) { return out.straight<cmpxchg<Dst>>(); }
};

/// XCHG has its memory operand in either place.
bool bind_xchg(const Instruction& in, OpBuilder& out) {
    if (!in.is_memory(1)) {
        return bind_exchange<PickXchg>(in, out);
    }
    Instruction swapped = in;
    std::swap(swapped.operands[0], swapped.operands[1]);
    return bind_exchange<PickXchg>(swapped, out);
}

template <typename T>
bool bind_cmpxchg_pair(const Instruction& in, OpBuilder& out) {
    out.memory(in, 0);
    return out.straight<cmpxchg_pair<T>>();
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_XCHG, bind_xchg},
    {ZYDIS_MNEMONIC_XADD, bind_exchange<PickXadd>},
    {ZYDIS_MNEMONIC_CMPXCHG, bind_exchange<PickCmpxchg>},
    {ZYDIS_MNEMONIC_CMPXCHG8B, bind_cmpxchg_pair<u32>},
    {ZYDIS_MNEMONIC_CMPXCHG16B, bind_cmpxchg_pair<u64>},
};

}  // namespace

std::span<const BinderRow> exchange_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
