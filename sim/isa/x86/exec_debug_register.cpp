// SPDX-License-Identifier: MIT
// MOV to and from debug registers. [intel/vol2]: MOV—Move to/from Debug Registers;
// [intel/vol3]: 18.2
#include "sim/isa/x86/exec_debug_register.h"

#include "arch/x86/cpuid.h"
#include "arch/x86/debug_registers.h"
#include "sim/isa/x86/system_checks.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Cr4;
using arch::x86::Dr6;
using arch::x86::Dr7;
using cpu::ExceptionVector;

using arch::x86::breakpoint_count;

constexpr unsigned first_alias = 4;  ///< DR4 and DR5 are DR6 and DR7 while CR4.DE = 0
constexpr unsigned alias_distance = 2;

/// Privilege, then the general-detect exception: it comes before the access, and its delivery lifts
/// it.
/// [intel/vol3]: 18.2.4, 18.3.1.3
bool may_access(Cpu& cpu, unsigned number) {
    const bool alias = number >= first_alias && number < first_alias + alias_distance;
    if (alias && Cr4::de.test(cpu.cr4())) {
        return cpu.raise(ExceptionVector::InvalidOpcode);
    }
    if (!require_cpl0(cpu)) {
        return false;
    }
    return !Dr7::gd.test(cpu.dr7()) || cpu.raise(ExceptionVector::Debug);
}

bool is_status(unsigned number) {
    return number % 2 == 0;
}

u64 read_debug(const Cpu& cpu, unsigned number) {
    if (number < breakpoint_count) {
        return cpu.breakpoint_address(number);
    }
    return is_status(number) ? cpu.dr6 : cpu.dr7();
}

/// The bits for transactions are fixed on processors without: set in DR6, clear in DR7.
void write_debug(Cpu& cpu, unsigned number, u64 value) {
    const bool transactions = cpu.model.has(arch::x86::cpuid_feature::rtm);
    if (number < breakpoint_count) {
        cpu.set_breakpoint_address(number, value);
    } else if (is_status(number)) {
        const u64 writable = Dr6::writable | (transactions ? Dr6::rtm.mask : 0);
        cpu.dr6 = (value & writable) | (Dr6::reset & ~writable);
    } else {
        const u64 writable = Dr7::writable | (transactions ? Dr7::rtm.mask : 0);
        cpu.set_dr7((value & writable) | Dr7::reset);
    }
}

template <typename Word>
bool mov_to_debug(Cpu& cpu, const Op& op) {
    constexpr unsigned control_width = 32;
    const unsigned number = op.dst;
    const u64 value = cpu.gpr.get<Word>(op.src);
    if (!may_access(cpu, number)) {
        return false;
    }
    if (number >= breakpoint_count && (value & ~low_mask(control_width)) != 0) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    write_debug(cpu, number, value);
    return true;
}

template <typename Word>
bool mov_from_debug(Cpu& cpu, const Op& op) {
    const unsigned number = op.src;
    if (!may_access(cpu, number)) {
        return false;
    }
    cpu.gpr.set<Word>(op.dst, static_cast<Word>(read_debug(cpu, number)));
    return true;
}

/// The number of a debug register operand; there are eight.
bool take_number(const ZydisDecodedOperand& operand, u8& out) {
    out = static_cast<u8>(operand.reg.value - ZYDIS_REGISTER_DR0);
    return operand.reg.value <= ZYDIS_REGISTER_DR7;
}

}  // namespace

bool bind_mov_to_debug(const Instruction& in, OpBuilder& out) {
    if (!take_number(in.operand(0), out.op.dst)) {
        return false;
    }
    out.op.src = OpBuilder::slot(in, 1);
    return in.code64() ? out.serialize<mov_to_debug<u64>>() : out.serialize<mov_to_debug<u32>>();
}

bool bind_mov_from_debug(const Instruction& in, OpBuilder& out) {
    if (!take_number(in.operand(1), out.op.src)) {
        return false;
    }
    out.op.dst = OpBuilder::slot(in, 0);
    return in.code64() ? out.straight<mov_from_debug<u64>>() : out.straight<mov_from_debug<u32>>();
}

}  // namespace ringfence::sim::isa::x86
