// SPDX-License-Identifier: MIT
// MOV to and from control registers. [intel/vol2]: MOV—Move to/from Control Registers;
// [intel/vol3]: 2.5, 4.1, 10.8.5
#include "arch/x86/cr3.h"
#include "arch/x86/msr.h"
#include "sim/isa/x86/binder.h"
#include "sim/isa/x86/exec_debug_register.h"
#include "sim/isa/x86/exec_model_specific_register.h"
#include "sim/isa/x86/system_checks.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Cr0;
using arch::x86::Cr3;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using cpu::ExceptionVector;
using cpu::SegmentRegister;

/// The processor's answer to reserved bits and to combinations that must not be.
bool general_protection(Cpu& cpu) {
    return cpu.raise(ExceptionVector::GeneralProtection);
}

// CR0 ---------------------------------------------------------------------------------------------

bool has_16_bit_task(const Cpu& cpu) {
    const auto type =
        static_cast<SystemSegmentType>(SegmentDescriptor::type.get(cpu.task.descriptor));
    return type == SystemSegmentType::Tss16Busy || type == SystemSegmentType::Tss16Available;
}

/// Switching paging on with EFER.LME set activates long mode. [intel/vol3]: 10.8.5
bool may_activate_long_mode(const Cpu& cpu) {
    const u64 code = cpu.segment(SegmentRegister::Cs).descriptor;
    return Cr4::pae.test(cpu.cr4()) && !SegmentDescriptor::long_mode.test(code) &&
           !has_16_bit_task(cpu);
}

bool may_write_cr0(const Cpu& cpu, u64 value) {
    constexpr unsigned width = 32;
    const bool paging_on = Cr0::pg.test(value);
    const bool paging_was_on = Cr0::pg.test(cpu.cr0());
    if ((value & ~low_mask(width)) != 0 || (paging_on && !Cr0::pe.test(value)) ||
        (Cr0::nw.test(value) && !Cr0::cd.test(value))) {
        return false;
    }
    if (paging_on && !paging_was_on && Efer::lme.test(cpu.efer())) {
        return may_activate_long_mode(cpu);
    }
    // Paging carries 64-bit mode and the process-context identifiers.
    return paging_on || !paging_was_on || !(cpu.code64() || Cr4::pcide.test(cpu.cr4()));
}

bool write_cr0(Cpu& cpu, u64 value) {
    if (!may_write_cr0(cpu, value)) {
        return general_protection(cpu);
    }
    return cpu.set_cr0((value & Cr0::defined) | Cr0::et.mask);
}

// CR2 and CR3 -------------------------------------------------------------------------------------

bool write_cr2(Cpu& cpu, u64 value) {
    cpu.cr2 = value;
    return true;
}

/// Bits from MAXPHYADDR on are reserved in long mode; bit 63 is a request while CR4.PCIDE = 1.
/// [intel/vol3]: 4.5.2, tables 4-12 and 4-13
bool write_cr3(Cpu& cpu, u64 value) {
    u64 reserved = ~low_mask(cpu.model.physical_address_bits());
    if (Cr4::pcide.test(cpu.cr4())) {
        reserved &= ~Cr3::no_flush.mask;
    }
    if (cpu.long_mode_active() && (value & reserved) != 0) {
        return general_protection(cpu);
    }
    return cpu.set_cr3(value);
}

// CR4 ---------------------------------------------------------------------------------------------

/// The bits that this CPU has. Those of features that the machine lacks altogether are reserved on
/// every model.
u64 defined_cr4_bits(const presets::CpuModel& model) {
    namespace feature = arch::x86::cpuid_feature;
    const struct {
        u64 bits;
        arch::x86::CpuidFeature feature;
    } optional[] = {
        {Cr4::vme.mask | Cr4::pvi.mask, feature::vme},
        {Cr4::tsd.mask, feature::tsc},
        {Cr4::de.mask, feature::de},
        {Cr4::pse.mask, feature::pse},
        {Cr4::pae.mask, feature::pae},
        {Cr4::mce.mask, feature::mce},
        {Cr4::pge.mask, feature::pge},
        {Cr4::osfxsr.mask, feature::fxsr},
        {Cr4::osxmmexcpt.mask, feature::sse},
        {Cr4::umip.mask, feature::umip},
        {Cr4::la57.mask, feature::la57},
        {Cr4::fsgsbase.mask, feature::fsgsbase},
        {Cr4::pcide.mask, feature::pcid},
        {Cr4::osxsave.mask, feature::xsave},
        {Cr4::pke.mask, feature::pku},
        {Cr4::smep.mask, feature::smep},
        {Cr4::smap.mask, feature::smap},
    };
    u64 defined = Cr4::pce.mask;
    for (const auto& row : optional) {
        defined |= model.has(row.feature) ? row.bits : 0;
    }
    return defined;
}

/// [intel/vol3]: 4.10.1 for PCIDE
bool may_write_cr4(const Cpu& cpu, u64 value) {
    const u64 changed = cpu.cr4() ^ value;
    if ((value & ~defined_cr4_bits(cpu.model)) != 0) {
        return false;
    }
    if (cpu.long_mode_active() && (!Cr4::pae.test(value) || Cr4::la57.test(changed))) {
        return false;
    }
    const bool pcids_begin = Cr4::pcide.test(changed & value);
    return !pcids_begin || (cpu.long_mode_active() && !Cr3::pcid.test(cpu.cr3()));
}

bool write_cr4(Cpu& cpu, u64 value) {
    if (!may_write_cr4(cpu, value)) {
        return general_protection(cpu);
    }
    return cpu.set_cr4(value);
}

// CR8 ---------------------------------------------------------------------------------------------

/// CR8 is the class in the local APIC's task priority register. [intel/vol3]: 11.8.6
bool write_cr8(Cpu& cpu, u64 value) {
    constexpr unsigned class_bits = 4;
    if (value > low_mask(class_bits)) {
        return general_protection(cpu);
    }
    cpu.publish_time();
    cpu.interrupts.set_task_priority_class(static_cast<u8>(value));
    return true;
}

u64 read_cr8(const Cpu& cpu) {
    return cpu.interrupts.task_priority_class();
}

// The instructions --------------------------------------------------------------------------------

template <auto write, typename Word>
bool mov_to_control(Cpu& cpu, const Op& op) {
    return require_cpl0(cpu) && write(cpu, cpu.gpr.get<Word>(op.src));
}

template <auto read, typename Word>
bool mov_from_control(Cpu& cpu, const Op& op) {
    if (!require_cpl0(cpu)) {
        return false;
    }
    cpu.gpr.set<Word>(op.dst, static_cast<Word>(read(cpu)));
    return true;
}

u64 read_cr0(const Cpu& cpu) {
    return cpu.cr0();
}
u64 read_cr2(const Cpu& cpu) {
    return cpu.cr2;
}
u64 read_cr3(const Cpu& cpu) {
    return cpu.cr3();
}
u64 read_cr4(const Cpu& cpu) {
    return cpu.cr4();
}

/// Always the full width of the mode, whatever the prefixes say.
template <auto write>
bool bind_write(const Instruction& in, OpBuilder& out) {
    out.op.src = OpBuilder::slot(in, 1);
    return in.code64() ? out.serialize<mov_to_control<write, u64>>()
                       : out.serialize<mov_to_control<write, u32>>();
}

template <auto read>
bool bind_read(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    return in.code64() ? out.straight<mov_from_control<read, u64>>()
                       : out.straight<mov_from_control<read, u32>>();
}

bool bind_mov_to_control(const Instruction& in, OpBuilder& out) {
    switch (in.operand(0).reg.value) {
        case ZYDIS_REGISTER_CR0:
            return bind_write<write_cr0>(in, out);
        case ZYDIS_REGISTER_CR2:
            return bind_write<write_cr2>(in, out);
        case ZYDIS_REGISTER_CR3:
            return bind_write<write_cr3>(in, out);
        case ZYDIS_REGISTER_CR4:
            return bind_write<write_cr4>(in, out);
        case ZYDIS_REGISTER_CR8:
            return bind_write<write_cr8>(in, out);
        default:
            return false;
    }
}

bool bind_mov_from_control(const Instruction& in, OpBuilder& out) {
    switch (in.operand(1).reg.value) {
        case ZYDIS_REGISTER_CR0:
            return bind_read<read_cr0>(in, out);
        case ZYDIS_REGISTER_CR2:
            return bind_read<read_cr2>(in, out);
        case ZYDIS_REGISTER_CR3:
            return bind_read<read_cr3>(in, out);
        case ZYDIS_REGISTER_CR4:
            return bind_read<read_cr4>(in, out);
        case ZYDIS_REGISTER_CR8:
            return bind_read<read_cr8>(in, out);
        default:
            return false;
    }
}

bool bind_mov(const Instruction& in, OpBuilder& out) {
    const auto is = [&](unsigned i, ZydisRegisterClass wanted) {
        return in.is_register(i) && ZydisRegisterGetClass(in.operand(i).reg.value) == wanted;
    };
    if (is(0, ZYDIS_REGCLASS_CONTROL)) {
        return bind_mov_to_control(in, out);
    }
    if (is(1, ZYDIS_REGCLASS_CONTROL)) {
        return bind_mov_from_control(in, out);
    }
    if (is(0, ZYDIS_REGCLASS_DEBUG)) {
        return bind_mov_to_debug(in, out);
    }
    return is(1, ZYDIS_REGCLASS_DEBUG) && bind_mov_from_debug(in, out);
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_MOV, bind_mov},
    {ZYDIS_MNEMONIC_RDMSR, bind_rdmsr},
    {ZYDIS_MNEMONIC_WRMSR, bind_wrmsr},
};

}  // namespace

std::span<const BinderRow> system_register_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
