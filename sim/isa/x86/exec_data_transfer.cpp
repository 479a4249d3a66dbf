// SPDX-License-Identifier: MIT
// Moves between general registers and memory, extensions, conditional moves, LEA and XLAT.
// [intel/vol1]: 7.3.1
#include <algorithm>
#include <bit>

#include "sim/isa/x86/alu.h"
#include "sim/isa/x86/condition.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::Gpr;

template <typename Dst, typename Src>
bool mov(Cpu& cpu, const Op& op) {
    typename Src::Word value;
    return Src::read(cpu, op, value) && Dst::write(cpu, op, value);
}

/// MOV r64, imm64: the immediate is where the displacement of a memory operand would be.
void mov_r64_imm64(Cpu& cpu, const Op& op) {
    cpu.gpr.set<u64>(op.dst, op.displacement);
}

template <typename To, typename Src>
bool movzx(Cpu& cpu, const Op& op) {
    typename Src::Word value;
    if (!Src::read(cpu, op, value)) {
        return false;
    }
    cpu.gpr.set<To>(op.dst, static_cast<To>(value));
    return true;
}

template <typename To, typename Src>
bool movsx(Cpu& cpu, const Op& op) {
    typename Src::Word value;
    if (!Src::read(cpu, op, value)) {
        return false;
    }
    using Signed = std::make_signed_t<typename Src::Word>;
    cpu.gpr.set<To>(op.dst, static_cast<To>(static_cast<i64>(static_cast<Signed>(value))));
    return true;
}

template <typename T>
void lea(Cpu& cpu, const Op& op) {
    cpu.gpr.set<T>(op.dst, static_cast<T>(linear_address(cpu, op).value()));
}

/// The source is read in any case; a 32-bit destination loses its upper half in any case.
template <Condition condition, typename Src>
bool cmov(Cpu& cpu, const Op& op) {
    using T = typename Src::Word;
    T value;
    if (!Src::read(cpu, op, value)) {
        return false;
    }
    cpu.gpr.set<T>(op.dst, holds<condition>(cpu.flags) ? value : cpu.gpr.get<T>(op.dst));
    return true;
}

template <Condition condition, typename Dst>
bool setcc(Cpu& cpu, const Op& op) {
    return Dst::write(cpu, op, holds<condition>(cpu.flags) ? 1 : 0);
}

/// MOVBE and BSWAP reverse the bytes.
template <typename Dst, typename Src>
bool movbe(Cpu& cpu, const Op& op) {
    typename Src::Word value;
    return Src::read(cpu, op, value) && Dst::write(cpu, op, std::byteswap(value));
}

template <typename T>
void bswap(Cpu& cpu, const Op& op) {
    cpu.gpr.set<T>(op.dst, std::byteswap(cpu.gpr.get<T>(op.dst)));
}

/// Undefined for 16-bit registers; CPUs write zero.
void bswap16(Cpu& cpu, const Op& op) {
    cpu.gpr.set<u16>(op.dst, 0);
}

/// CBW, CWDE and CDQE: the accumulator's lower half, sign-extended into all of it.
template <typename To, typename From>
void extend_accumulator(Cpu& cpu, const Op& /*op*/) {
    constexpr Slot rax = cpu::slot_of(Gpr::Rax);
    const auto value = static_cast<std::make_signed_t<From>>(cpu.gpr.get<From>(rax));
    cpu.gpr.set<To>(rax, static_cast<To>(value));
}

/// CWD, CDQ and CQO: the accumulator's sign in every bit of (E/R)DX.
template <typename T>
void extend_into_rdx(Cpu& cpu, const Op& /*op*/) {
    const auto value = static_cast<std::make_signed_t<T>>(cpu.gpr.get<T>(cpu::slot_of(Gpr::Rax)));
    cpu.gpr.set<T>(cpu::slot_of(Gpr::Rdx), value < 0 ? static_cast<T>(~T{0}) : T{0});
}

/// AL = byte at (base + AL); the binder has made AL the index.
bool xlat(Cpu& cpu, const Op& op) {
    u8 value;
    // The index is part of the address, which wraps at its size: `op.extra` bits.
    const u64 sum = linear_address(cpu, op).value() + cpu.gpr.get<u8>(cpu::slot_of(Gpr::Rax));
    const VirtualAddress address{sum & low_mask(op.extra)};
    if (!cpu.mmu.read(address, value)) {
        return memory_fault(cpu, op);
    }
    cpu.gpr.set<u8>(cpu::slot_of(Gpr::Rax), value);
    return true;
}

// Binders -----------------------------------------------------------------------------------------

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

bool is_general(const Instruction& in, unsigned i) {
    if (!in.is_register(i)) {
        return true;
    }
    switch (ZydisRegisterGetClass(in.operand(i).reg.value)) {
        case ZYDIS_REGCLASS_GPR8:
        case ZYDIS_REGCLASS_GPR16:
        case ZYDIS_REGCLASS_GPR32:
        case ZYDIS_REGCLASS_GPR64:
            return true;
        default:
            return false;
    }
}

bool fits_i32(i64 value) {
    return value == static_cast<i32>(value);
}

/// MOV to and from segment, control and debug registers is in other groups.
bool bind_mov(const Instruction& in, OpBuilder& out) {
    if (!is_general(in, 0) || !is_general(in, 1)) {
        return false;
    }
    if (in.is_immediate(1) && in.size(0) == 8 && !fits_i32(in.operand(1).imm.value.s)) {
        out.op.dst = OpBuilder::slot(in, 0);
        out.op.displacement = in.operand(1).imm.value.u;
        return out.straight<mov_r64_imm64>();
    }
    bind_source(in, 1, out);
    return for_size(in.size(0), [&]<typename T>() {
        if (in.is_memory(0)) {
            out.memory(in, 0);
            return in.is_immediate(1) ? out.straight<mov<Memory<T>, Immediate<T>>>()
                                      : out.straight<mov<Memory<T>, SrcRegister<T>>>();
        }
        out.op.dst = OpBuilder::slot(in, 0);
        if (in.is_memory(1)) {
            out.memory(in, 1);
            return out.straight<mov<DstRegister<T>, Memory<T>>>();
        }
        return in.is_immediate(1) ? out.straight<mov<DstRegister<T>, Immediate<T>>>()
                                  : out.straight<mov<DstRegister<T>, SrcRegister<T>>>();
    });
}

/// MOVZX, MOVSX and MOVSXD. With an unsigned extension, 64-bit and 32-bit destinations are the
/// same.
template <bool is_signed, typename From>
bool bind_extension_from(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    const auto choose = [&]<typename To, typename Src>() {
        if constexpr (is_signed) {
            return out.straight<movsx<To, Src>>();
        } else {
            return out.straight<movzx<To, Src>>();
        }
    };
    const auto for_source = [&]<typename Src>() {
        switch (in.size(0)) {
            case 2:
                return choose.template operator()<u16, Src>();
            case 4:
                return choose.template operator()<u32, Src>();
            default:
                return choose.template operator()<u64, Src>();
        }
    };
    if (in.is_memory(1)) {
        out.memory(in, 1);
        return for_source.template operator()<Memory<From>>();
    }
    out.op.src = OpBuilder::slot(in, 1);
    return for_source.template operator()<SrcRegister<From>>();
}

template <bool is_signed>
bool bind_extension(const Instruction& in, OpBuilder& out) {
    // MOVSXD with a 16-bit operand moves a word. [intel/vol2]: MOVSX
    switch (std::min(in.size(0), in.size(1))) {
        case 1:
            return bind_extension_from<is_signed, u8>(in, out);
        case 2:
            return bind_extension_from<is_signed, u16>(in, out);
        default:
            return bind_extension_from<is_signed, u32>(in, out);
    }
}

bool bind_lea(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    out.memory(in, in.operand(1), 0);
    out.op.segment = cpu::zero_slot;
    return for_size(in.size(0), [&]<typename T>() { return out.straight<lea<T>>(); });
}

template <unsigned number>
bool bind_cmov(const Instruction& in, OpBuilder& out) {
    constexpr auto condition = static_cast<Condition>(number);
    out.op.dst = OpBuilder::slot(in, 0);
    if (in.is_memory(1)) {
        out.memory(in, 1);
        return for_size(in.size(0),
                        [&]<typename T>() { return out.straight<cmov<condition, Memory<T>>>(); });
    }
    out.op.src = OpBuilder::slot(in, 1);
    return for_size(in.size(0),
                    [&]<typename T>() { return out.straight<cmov<condition, SrcRegister<T>>>(); });
}

template <unsigned number>
bool bind_setcc(const Instruction& in, OpBuilder& out) {
    constexpr auto condition = static_cast<Condition>(number);
    if (in.is_memory(0)) {
        out.memory(in, 0);
        return out.straight<setcc<condition, Memory<u8>>>();
    }
    out.op.dst = OpBuilder::slot(in, 0);
    return out.straight<setcc<condition, DstRegister<u8>>>();
}

bool bind_movbe(const Instruction& in, OpBuilder& out) {
    return for_size(in.size(0), [&]<typename T>() {
        if (in.is_memory(0)) {
            out.op.src = OpBuilder::slot(in, 1);
            out.memory(in, 0);
            return out.straight<movbe<Memory<T>, SrcRegister<T>>>();
        }
        out.op.dst = OpBuilder::slot(in, 0);
        out.memory(in, 1);
        return out.straight<movbe<DstRegister<T>, Memory<T>>>();
    });
}

bool bind_bswap(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    if (in.size(0) == 2) {
        return out.straight<bswap16>();
    }
    return in.size(0) == 4 ? out.straight<bswap<u32>>() : out.straight<bswap<u64>>();
}

bool bind_xlat(const Instruction& in, OpBuilder& out) {
    for (unsigned i = 0; i < in.info.operand_count; ++i) {
        if (in.is_memory(i)) {
            ZydisDecodedOperand table = in.operand(i);
            table.mem.index = ZYDIS_REGISTER_NONE;
            out.memory(in, table, 1);
            out.op.extra = in.code64() && in.info.address_width == 64 ? 64 : 32;
            return out.straight<xlat>();
        }
    }
    return false;
}

template <auto semantics>
bool bind_plain(const Instruction& /*in*/, OpBuilder& out) {
    return out.straight<semantics>();
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_MOV, bind_mov},
    {ZYDIS_MNEMONIC_MOVNTI, bind_mov},
    {ZYDIS_MNEMONIC_MOVZX, bind_extension<false>},
    {ZYDIS_MNEMONIC_MOVSX, bind_extension<true>},
    {ZYDIS_MNEMONIC_MOVSXD, bind_extension<true>},
    {ZYDIS_MNEMONIC_LEA, bind_lea},
    {ZYDIS_MNEMONIC_CMOVO, bind_cmov<0>},
    {ZYDIS_MNEMONIC_CMOVNO, bind_cmov<1>},
    {ZYDIS_MNEMONIC_CMOVB, bind_cmov<2>},
    {ZYDIS_MNEMONIC_CMOVNB, bind_cmov<3>},
    {ZYDIS_MNEMONIC_CMOVZ, bind_cmov<4>},
    {ZYDIS_MNEMONIC_CMOVNZ, bind_cmov<5>},
    {ZYDIS_MNEMONIC_CMOVBE, bind_cmov<6>},
    {ZYDIS_MNEMONIC_CMOVNBE, bind_cmov<7>},
    {ZYDIS_MNEMONIC_CMOVS, bind_cmov<8>},
    {ZYDIS_MNEMONIC_CMOVNS, bind_cmov<9>},
    {ZYDIS_MNEMONIC_CMOVP, bind_cmov<10>},
    {ZYDIS_MNEMONIC_CMOVNP, bind_cmov<11>},
    {ZYDIS_MNEMONIC_CMOVL, bind_cmov<12>},
    {ZYDIS_MNEMONIC_CMOVNL, bind_cmov<13>},
    {ZYDIS_MNEMONIC_CMOVLE, bind_cmov<14>},
    {ZYDIS_MNEMONIC_CMOVNLE, bind_cmov<15>},
    {ZYDIS_MNEMONIC_SETO, bind_setcc<0>},
    {ZYDIS_MNEMONIC_SETNO, bind_setcc<1>},
    {ZYDIS_MNEMONIC_SETB, bind_setcc<2>},
    {ZYDIS_MNEMONIC_SETNB, bind_setcc<3>},
    {ZYDIS_MNEMONIC_SETZ, bind_setcc<4>},
    {ZYDIS_MNEMONIC_SETNZ, bind_setcc<5>},
    {ZYDIS_MNEMONIC_SETBE, bind_setcc<6>},
    {ZYDIS_MNEMONIC_SETNBE, bind_setcc<7>},
    {ZYDIS_MNEMONIC_SETS, bind_setcc<8>},
    {ZYDIS_MNEMONIC_SETNS, bind_setcc<9>},
    {ZYDIS_MNEMONIC_SETP, bind_setcc<10>},
    {ZYDIS_MNEMONIC_SETNP, bind_setcc<11>},
    {ZYDIS_MNEMONIC_SETL, bind_setcc<12>},
    {ZYDIS_MNEMONIC_SETNL, bind_setcc<13>},
    {ZYDIS_MNEMONIC_SETLE, bind_setcc<14>},
    {ZYDIS_MNEMONIC_SETNLE, bind_setcc<15>},
    {ZYDIS_MNEMONIC_MOVBE, bind_movbe},
    {ZYDIS_MNEMONIC_BSWAP, bind_bswap},
    {ZYDIS_MNEMONIC_XLAT, bind_xlat},
    {ZYDIS_MNEMONIC_CBW, bind_plain<extend_accumulator<u16, u8>>},
    {ZYDIS_MNEMONIC_CWDE, bind_plain<extend_accumulator<u32, u16>>},
    {ZYDIS_MNEMONIC_CDQE, bind_plain<extend_accumulator<u64, u32>>},
    {ZYDIS_MNEMONIC_CWD, bind_plain<extend_into_rdx<u16>>},
    {ZYDIS_MNEMONIC_CDQ, bind_plain<extend_into_rdx<u32>>},
    {ZYDIS_MNEMONIC_CQO, bind_plain<extend_into_rdx<u64>>},
};

}  // namespace

std::span<const BinderRow> data_transfer_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
