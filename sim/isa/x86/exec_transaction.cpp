// SPDX-License-Identifier: MIT
// XBEGIN, XEND, XABORT and XTEST. [intel/vol1]: 16.3; [intel/vol2]: the instructions
//
// The prefixes of lock elision (XACQUIRE, XRELEASE) are ignored, as on a CPU without HLE.
#include "arch/x86/msr.h"
#include "arch/x86/rflags.h"
#include "sim/isa/x86/binder.h"
#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/transaction.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::TsxCtrl;
using cpu::AbortStatus;
using cpu::ExceptionVector;
using cpu::SegmentRegister;

bool is_valid_fallback(const Cpu& cpu, u64 fallback) {
    return cpu.code64() ? is_canonical(cpu, fallback)
                        : fallback <= cpu.segment(SegmentRegister::Cs).limit;
}

/// `displacement`: the fallback. Ends its block, for what follows is decoded as part of a
/// transaction.
bool xbegin(Cpu& cpu, const Op& op) {
    const u64 fallback = op.displacement;
    if (!is_valid_fallback(cpu, fallback)) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    if (cpu.transaction().depth == cpu::Transaction::deepest) {
        return cpu.request_abort(0);
    }
    cpu.rip = next_rip(cpu, op);
    if (cpu.transaction().active()) {
        cpu.begin_nested_transaction();
        return true;
    }
    ++cpu.recorder.counters.transactions;
    cpu.begin_transaction(fallback);
    if (TsxCtrl::rtm_disable.test(cpu.msr.tsx_ctrl)) {
        abort_at_once(cpu);
    }
    return true;
}

bool xend(Cpu& cpu, const Op& /*op*/) {
    switch (cpu.transaction().depth) {
        case 0:
            return cpu.raise(ExceptionVector::GeneralProtection);
        case 1:
            cpu.commit_transaction();
            return true;
        default:
            cpu.end_nested_transaction();
            return true;
    }
}

bool xabort(Cpu& cpu, const Op& op) {
    return !cpu.transaction().active() ||
           cpu.request_abort(AbortStatus::explicit_abort.mask |
                             AbortStatus::argument.make(static_cast<u8>(op.immediate)));
}

void xtest(Cpu& cpu, const Op& /*op*/) {
    cpu.flags.load(cpu.transaction().active() ? 0 : arch::x86::Rflags::zf.mask);
}

// Binders -----------------------------------------------------------------------------------------

bool bind_xbegin(const Instruction& in, OpBuilder& out) {
    const u64 target = in.next_rip() + in.operand(0).imm.value.u;
    out.op.displacement = in.code64()                   ? target
                          : in.info.operand_width == 16 ? static_cast<u16>(target)
                                                        : static_cast<u32>(target);
    return out.transfer<xbegin>();
}

bool bind_xend(const Instruction& /*in*/, OpBuilder& out) {
    return out.serialize<xend>();
}

bool bind_xabort(const Instruction& in, OpBuilder& out) {
    out.op.immediate = static_cast<i32>(in.operand(0).imm.value.u);
    return out.straight<xabort>();
}

bool bind_xtest(const Instruction& /*in*/, OpBuilder& out) {
    return out.straight<xtest>();
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_XBEGIN, bind_xbegin},
    {ZYDIS_MNEMONIC_XEND, bind_xend},
    {ZYDIS_MNEMONIC_XABORT, bind_xabort},
    {ZYDIS_MNEMONIC_XTEST, bind_xtest},
};

}  // namespace

std::span<const BinderRow> transaction_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
