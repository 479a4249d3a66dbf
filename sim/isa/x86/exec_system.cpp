// SPDX-License-Identifier: MIT
// Instructions that an operating system uses on the processor as a whole: halting, TLB and cache
// maintenance, identification, time, and the bases of FS and GS. [intel/vol2]: the instructions
#include <algorithm>

#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/xsave.h"
#include "sim/isa/x86/binder.h"
#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/exec_descriptor_table.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/system_checks.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::MiscEnable;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;

bool hlt(Cpu& cpu, const Op& /*op*/) {
    if (!require_cpl0(cpu)) {
        return false;
    }
    cpu.halted = true;
    return true;
}

bool clts(Cpu& cpu, const Op& /*op*/) {
    return require_cpl0(cpu) && cpu.set_cr0(Cr0::ts.set(cpu.cr0(), 0));
}

/// INVD and WBINVD: there is no cache whose contents memory does not have.
bool write_back_caches(Cpu& cpu, const Op& /*op*/) {
    return require_cpl0(cpu);
}

bool invlpg(Cpu& cpu, const Op& op) {
    if (!require_cpl0(cpu)) {
        return false;
    }
    cpu.mmu.invlpg(linear_address(cpu, op));
    return true;
}

/// [intel/vol2]: INVPCID, figure 3-24
struct InvpcidDescriptor {
    using Pcid = Bitfield<0, 12>;
    using Reserved = Bitfield<12, 52>;
    u64 low;
    u64 address;
};

/// The checks of "Protected Mode Exceptions".
bool check_invpcid(const Cpu& cpu, u64 type, const InvpcidDescriptor& descriptor) {
    constexpr auto last_type = static_cast<u64>(mmu::InvpcidType::AllButGlobals);
    if (type > last_type || InvpcidDescriptor::Reserved::test(descriptor.low)) {
        return false;
    }
    const auto operation = static_cast<mmu::InvpcidType>(type);
    const bool names_pcid =
        operation == mmu::InvpcidType::Address || operation == mmu::InvpcidType::Context;
    if (names_pcid && !Cr4::pcide.test(cpu.cr4()) &&
        InvpcidDescriptor::Pcid::test(descriptor.low)) {
        return false;
    }
    return operation != mmu::InvpcidType::Address || is_canonical(cpu, descriptor.address);
}

template <typename Word>
bool invpcid(Cpu& cpu, const Op& op) {
    InvpcidDescriptor descriptor;
    if (!require_cpl0(cpu) || !load(cpu, op, descriptor)) {
        return false;
    }
    const u64 type = cpu.gpr.get<Word>(op.dst);
    if (!check_invpcid(cpu, type, descriptor)) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    cpu.mmu.invpcid(static_cast<mmu::InvpcidType>(type),
                    static_cast<u16>(InvpcidDescriptor::Pcid::get(descriptor.low)),
                    VirtualAddress{descriptor.address});
    return true;
}

/// Checks its operands; what it would watch is not kept, because MWAIT returns at once.
bool monitor(Cpu& cpu, const Op& op) {
    if (cpu.cpl() != 0) {
        return cpu.raise(ExceptionVector::InvalidOpcode);
    }
    if (cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rcx)) != 0) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    u8 byte;
    return load(cpu, op, byte);
}

/// A processor may leave the wait at any time. [intel/vol2]: MWAIT, "Description"
bool mwait(Cpu& cpu, const Op& /*op*/) {
    constexpr u64 break_on_masked_interrupt = 1;
    if (cpu.cpl() != 0) {
        return cpu.raise(ExceptionVector::InvalidOpcode);
    }
    return cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rcx)) <= break_on_masked_interrupt ||
           cpu.raise(ExceptionVector::GeneralProtection);
}

/// CPUID shows no performance counters, so every index is invalid.
bool rdpmc(Cpu& cpu, const Op& /*op*/) {
    return cpu.raise(ExceptionVector::GeneralProtection);
}

// Identification ----------------------------------------------------------------------------------

bool apic_enabled(const Cpu& cpu) {
    const auto number = static_cast<u32>(arch::x86::Msr::IA32_APIC_BASE);
    return arch::x86::ApicBase::enabled.test(cpu.interrupts.read_register(number).value_or(0));
}

/// The highest basic leaf while IA32_MISC_ENABLE limits it, and what leaves beyond it answer as.
constexpr u32 limited_basic_leaf = 2;

u32 leaf_that_answers(const Cpu& cpu, u32 leaf) {
    const bool hidden = MiscEnable::limit_cpuid.test(cpu.msr.misc_enable) &&
                        leaf > limited_basic_leaf && leaf < arch::x86::cpuid_extended;
    return hidden ? limited_basic_leaf : leaf;
}

/// The bits of CPUID's answers that depend on the processor's state.
void patch_cpuid(const Cpu& cpu, u32 leaf, u32 subleaf, arch::x86::CpuidResult& result) {
    namespace feature = arch::x86::cpuid_feature;
    const auto clear = [](u32& word, const arch::x86::CpuidFeature& bit_of) {
        word &= ~bit<u32>(bit_of.index);
    };
    const auto show = [](u32& word, const arch::x86::CpuidFeature& bit_of) {
        word |= bit<u32>(bit_of.index);
    };
    if (leaf == arch::x86::cpuid_features && Cr4::osxsave.test(cpu.cr4())) {
        show(result.ecx, feature::osxsave);
    }
    if (leaf == arch::x86::cpuid_structured_features && subleaf == 0 && Cr4::pke.test(cpu.cr4())) {
        show(result.ecx, feature::ospke);
    }
    if (leaf == arch::x86::cpuid_extended_state && subleaf < 2 && result.eax != 0) {
        // What an area must have for the components that are enabled now: in the standard format,
        // and in the compacted one.
        const u32 compacted =
            feature::xsavec.in(result) ? arch::x86::xsave_compacted_bytes(cpu.msr.xcr0) : 0;
        result.ebx = subleaf == 0 ? arch::x86::xsave_bytes(cpu.msr.xcr0) : compacted;
    }
    if (leaf == arch::x86::cpuid_features && !apic_enabled(cpu)) {
        clear(result.edx, feature::apic);
    }
    if (leaf == arch::x86::cpuid_structured_features &&
        arch::x86::TsxCtrl::cpuid_clear.test(cpu.msr.tsx_ctrl)) {
        clear(result.ebx, feature::rtm);
    }
    if (leaf == arch::x86::cpuid_extended_features &&
        MiscEnable::execute_disable_off.test(cpu.msr.misc_enable)) {
        clear(result.edx, feature::nx);
    }
    if (leaf == arch::x86::cpuid_basic && MiscEnable::limit_cpuid.test(cpu.msr.misc_enable)) {
        result.eax = std::min(result.eax, limited_basic_leaf);
    }
    // Intel shows SYSCALL in 64-bit mode only. [intel/vol2]: CPUID, table 3-8, leaf 8000_0001H
    if (leaf == arch::x86::cpuid_extended_features && !is_amd(cpu) && !cpu.code64()) {
        clear(result.edx, feature::syscall);
    }
}

void set_register(Cpu& cpu, Gpr r, u32 value) {
    cpu.gpr[r] = value;
}

void cpuid(Cpu& cpu, const Op& /*op*/) {
    const u32 leaf = leaf_that_answers(cpu, cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rax)));
    const auto subleaf = cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rcx));
    arch::x86::CpuidResult result = cpu.model.cpuid(leaf, subleaf);
    patch_cpuid(cpu, leaf, subleaf, result);
    set_register(cpu, Gpr::Rax, result.eax);
    set_register(cpu, Gpr::Rbx, result.ebx);
    set_register(cpu, Gpr::Rcx, result.ecx);
    set_register(cpu, Gpr::Rdx, result.edx);
}

// Time --------------------------------------------------------------------------------------------

/// RDTSC and RDTSCP end their block, so that the cycle count is that of this instruction.
bool rdtsc(Cpu& cpu, const Op& /*op*/) {
    if (cpu.cpl() != 0 && Cr4::tsd.test(cpu.cr4())) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    const u64 now = cpu.time_stamp();
    set_register(cpu, Gpr::Rax, static_cast<u32>(now));
    set_register(cpu, Gpr::Rdx, static_cast<u32>(now >> 32));
    return true;
}

bool rdtscp(Cpu& cpu, const Op& op) {
    if (!rdtsc(cpu, op)) {
        return false;
    }
    set_register(cpu, Gpr::Rcx, cpu.msr.tsc_aux);
    return true;
}

void rdpid(Cpu& cpu, const Op& op) {
    cpu.gpr.set<u64>(op.dst, cpu.msr.tsc_aux);
}

// FS and GS ---------------------------------------------------------------------------------------

bool swapgs(Cpu& cpu, const Op& /*op*/) {
    if (!require_code64(cpu) || !require_cpl0(cpu)) {
        return false;
    }
    const u64 user_base = cpu.gpr.base(SegmentRegister::Gs);
    cpu.gpr.set_base(SegmentRegister::Gs, cpu.msr.kernel_gs_base);
    cpu.msr.kernel_gs_base = user_base;
    return true;
}

bool require_fsgsbase(Cpu& cpu) {
    return (cpu.code64() && Cr4::fsgsbase.test(cpu.cr4())) ||
           cpu.raise(ExceptionVector::InvalidOpcode);
}

template <SegmentRegister which, typename Word>
bool read_base(Cpu& cpu, const Op& op) {
    if (!require_fsgsbase(cpu)) {
        return false;
    }
    cpu.gpr.set<Word>(op.dst, static_cast<Word>(cpu.gpr.base(which)));
    return true;
}

template <SegmentRegister which, typename Word>
bool write_base(Cpu& cpu, const Op& op) {
    if (!require_fsgsbase(cpu)) {
        return false;
    }
    const u64 base = cpu.gpr.get<Word>(op.dst);
    if (!is_canonical(cpu, base)) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    cpu.gpr.set_base(which, base);
    return true;
}

// Binders -----------------------------------------------------------------------------------------

template <auto semantics>
bool bind_straight(const Instruction& /*in*/, OpBuilder& out) {
    return out.straight<semantics>();
}
template <auto semantics>
bool bind_serialize(const Instruction& /*in*/, OpBuilder& out) {
    return out.serialize<semantics>();
}

bool bind_invlpg(const Instruction& in, OpBuilder& out) {
    out.memory(in, in.operand(0), 0);
    return out.serialize<invlpg>();
}

bool bind_invpcid(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    out.memory(in, in.operand(1), sizeof(InvpcidDescriptor));
    return in.code64() ? out.serialize<invpcid<u64>>() : out.serialize<invpcid<u32>>();
}

/// The watched address is in rAX, in DS or the segment that a prefix names.
bool bind_monitor(const Instruction& in, OpBuilder& out) {
    ZydisDecodedOperand watched{};
    watched.type = ZYDIS_OPERAND_TYPE_MEMORY;
    watched.mem.type = ZYDIS_MEMOP_TYPE_MEM;
    watched.mem.base = in.info.address_width == 64   ? ZYDIS_REGISTER_RAX
                       : in.info.address_width == 32 ? ZYDIS_REGISTER_EAX
                                                     : ZYDIS_REGISTER_AX;
    const bool fs = (in.info.attributes & ZYDIS_ATTRIB_HAS_SEGMENT_FS) != 0;
    const bool gs = (in.info.attributes & ZYDIS_ATTRIB_HAS_SEGMENT_GS) != 0;
    watched.mem.segment = fs ? ZYDIS_REGISTER_FS : gs ? ZYDIS_REGISTER_GS : ZYDIS_REGISTER_DS;
    out.memory(in, watched, 1);
    return out.straight<monitor>();
}

bool bind_rdpid(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    return out.straight<rdpid>();
}

template <SegmentRegister which>
bool bind_read_base(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    return in.info.operand_width == 64 ? out.straight<read_base<which, u64>>()
                                       : out.straight<read_base<which, u32>>();
}

template <SegmentRegister which>
bool bind_write_base(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    return in.info.operand_width == 64 ? out.straight<write_base<which, u64>>()
                                       : out.straight<write_base<which, u32>>();
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_HLT, bind_serialize<hlt>},
    {ZYDIS_MNEMONIC_CLTS, bind_serialize<clts>},
    {ZYDIS_MNEMONIC_INVD, bind_straight<write_back_caches>},
    {ZYDIS_MNEMONIC_WBINVD, bind_straight<write_back_caches>},
    {ZYDIS_MNEMONIC_INVLPG, bind_invlpg},
    {ZYDIS_MNEMONIC_INVPCID, bind_invpcid},
    {ZYDIS_MNEMONIC_MONITOR, bind_monitor},
    {ZYDIS_MNEMONIC_MWAIT, bind_serialize<mwait>},
    {ZYDIS_MNEMONIC_RDPMC, bind_straight<rdpmc>},
    {ZYDIS_MNEMONIC_CPUID, bind_straight<cpuid>},
    {ZYDIS_MNEMONIC_RDTSC, bind_serialize<rdtsc>},
    {ZYDIS_MNEMONIC_RDTSCP, bind_serialize<rdtscp>},
    {ZYDIS_MNEMONIC_RDPID, bind_rdpid},
    {ZYDIS_MNEMONIC_SWAPGS, bind_straight<swapgs>},
    {ZYDIS_MNEMONIC_RDFSBASE, bind_read_base<SegmentRegister::Fs>},
    {ZYDIS_MNEMONIC_RDGSBASE, bind_read_base<SegmentRegister::Gs>},
    {ZYDIS_MNEMONIC_WRFSBASE, bind_write_base<SegmentRegister::Fs>},
    {ZYDIS_MNEMONIC_WRGSBASE, bind_write_base<SegmentRegister::Gs>},
    {ZYDIS_MNEMONIC_LGDT, bind_lgdt},
    {ZYDIS_MNEMONIC_LIDT, bind_lidt},
    {ZYDIS_MNEMONIC_SGDT, bind_sgdt},
    {ZYDIS_MNEMONIC_SIDT, bind_sidt},
    {ZYDIS_MNEMONIC_LLDT, bind_lldt},
    {ZYDIS_MNEMONIC_LTR, bind_ltr},
    {ZYDIS_MNEMONIC_SLDT, bind_sldt},
    {ZYDIS_MNEMONIC_STR, bind_str},
    {ZYDIS_MNEMONIC_SMSW, bind_smsw},
    {ZYDIS_MNEMONIC_LMSW, bind_lmsw},
};

}  // namespace

std::span<const BinderRow> system_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
