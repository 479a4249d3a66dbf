// SPDX-License-Identifier: MIT
// Instructions without a visible effect, and those that are undefined on purpose.
#include "sim/isa/x86/alu.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::ExceptionVector;

/// NOP in all lengths, PAUSE, ENDBR, hints and fences: memory is strongly ordered here.
void nop(Cpu& /*cpu*/, const Op& /*op*/) {}

/// CLFLUSH and kin translate their operand as a load of one byte; caches are not modelled.
bool flush_line(Cpu& cpu, const Op& op) {
    return cpu.mmu.probe_read(linear_address(cpu, op), 1) || memory_fault(cpu, op);
}

bool undefined(Cpu& cpu, const Op& /*op*/) {
    return cpu.raise(ExceptionVector::InvalidOpcode);
}

bool bind_nop(const Instruction& /*in*/, OpBuilder& out) {
    return out.straight<nop>();
}

bool bind_flush_line(const Instruction& in, OpBuilder& out) {
    out.memory(in, in.operand(0), 1);
    return out.straight<flush_line>();
}

bool bind_undefined(const Instruction& /*in*/, OpBuilder& out) {
    return out.straight<undefined>();
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_NOP, bind_nop},
    {ZYDIS_MNEMONIC_PAUSE, bind_nop},
    {ZYDIS_MNEMONIC_RSM, bind_undefined},  // outside of SMM, which is not modelled
    {ZYDIS_MNEMONIC_ENDBR32, bind_nop},
    {ZYDIS_MNEMONIC_ENDBR64, bind_nop},
    {ZYDIS_MNEMONIC_LFENCE, bind_nop},
    {ZYDIS_MNEMONIC_SFENCE, bind_nop},
    {ZYDIS_MNEMONIC_MFENCE, bind_nop},
    {ZYDIS_MNEMONIC_PREFETCH, bind_nop},
    {ZYDIS_MNEMONIC_PREFETCHNTA, bind_nop},
    {ZYDIS_MNEMONIC_PREFETCHT0, bind_nop},
    {ZYDIS_MNEMONIC_PREFETCHT1, bind_nop},
    {ZYDIS_MNEMONIC_PREFETCHT2, bind_nop},
    {ZYDIS_MNEMONIC_PREFETCHW, bind_nop},
    {ZYDIS_MNEMONIC_PREFETCHWT1, bind_nop},
    {ZYDIS_MNEMONIC_CLFLUSH, bind_flush_line},
    {ZYDIS_MNEMONIC_CLFLUSHOPT, bind_flush_line},
    {ZYDIS_MNEMONIC_CLWB, bind_flush_line},
    {ZYDIS_MNEMONIC_UD0, bind_undefined},
    {ZYDIS_MNEMONIC_UD1, bind_undefined},
    {ZYDIS_MNEMONIC_UD2, bind_undefined},
};

}  // namespace

std::span<const BinderRow> miscellaneous_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
