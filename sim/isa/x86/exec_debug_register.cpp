// SPDX-License-Identifier: MIT
// MOV to and from debug registers. The registers hold what is written; the engine has no
// breakpoints of its own. [intel/vol2]: MOV—Move to/from Debug Registers; [intel/vol3]: 18.2
#include "sim/isa/x86/exec_debug_register.h"

#include "arch/x86/debug_registers.h"
#include "sim/isa/x86/system_checks.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Cr4;
using arch::x86::Dr6;
using arch::x86::Dr7;
using cpu::ExceptionVector;

constexpr unsigned address_register_count = 4;
constexpr unsigned first_alias = 4;  ///< DR4 and DR5 are DR6 and DR7 while CR4.DE = 0
constexpr unsigned alias_distance = 2;

/// Privilege, then the general-detect trap: it comes before the access and lifts itself.
/// [intel/vol3]: 18.2.4, 18.3.1.3
bool may_access(Cpu& cpu, unsigned number) {
    const bool alias = number >= first_alias && number < first_alias + alias_distance;
    if (alias && Cr4::de.test(cpu.cr4())) {
        return cpu.raise(ExceptionVector::InvalidOpcode);
    }
    if (!require_cpl0(cpu)) {
        return false;
    }
    if (Dr7::gd.test(cpu.dr7)) {
        cpu.dr7 = Dr7::gd.set(cpu.dr7, 0);
        cpu.dr6 |= Dr6::bd.mask;
        return cpu.raise(ExceptionVector::Debug);
    }
    return true;
}

/// The storage behind DR0 to DR7; `number` has been checked.
u64& debug_register(Cpu& cpu, unsigned number) {
    if (number < address_register_count) {
        return cpu.dr[number];
    }
    return number % 2 == 0 ? cpu.dr6 : cpu.dr7;
}

/// What `value` becomes in the register.
u64 stored_value(unsigned number, u64 value) {
    if (number < address_register_count) {
        return value;
    }
    return number % 2 == 0 ? (value & Dr6::writable) | Dr6::reset
                           : (value & Dr7::writable) | Dr7::reset;
}

template <typename Word>
bool mov_to_debug(Cpu& cpu, const Op& op) {
    constexpr unsigned control_width = 32;
    const unsigned number = op.dst;
    const u64 value = cpu.gpr.get<Word>(op.src);
    if (!may_access(cpu, number)) {
        return false;
    }
    if (number >= address_register_count && (value & ~low_mask(control_width)) != 0) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    debug_register(cpu, number) = stored_value(number, value);
    return true;
}

template <typename Word>
bool mov_from_debug(Cpu& cpu, const Op& op) {
    const unsigned number = op.src;
    if (!may_access(cpu, number)) {
        return false;
    }
    cpu.gpr.set<Word>(op.dst, static_cast<Word>(debug_register(cpu, number)));
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
